{#- The rates that a company's invoices name, by day: for bank accounts in other currencies, as
    transactions name none. The oldest rate also holds before its day. -#}
with days as (
    select
        company_id,
        currency,
        invoice_date as day,
        max(exchange_rate) as exchange_rate
    from {{ ref('billit__invoices') }}
    where exchange_rate > 0 and currency <> company_currency and invoice_date is not null
    group by company_id, currency, invoice_date
)

select
    company_id,
    currency,
    case
        when row_number() over (partition by company_id, currency order by day) = 1 then cast('0001-01-01' as date)
        else day
    end as valid_from,
    lead(day) over (partition by company_id, currency order by day) as valid_until,
    exchange_rate
from days
