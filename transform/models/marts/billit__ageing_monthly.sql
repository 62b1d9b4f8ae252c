with month_ends as (
    {%- for day in billit.month_ends() %}
    select {{ day }} as as_of
    {%- if not loop.last %} union all{% endif %}
    {%- endfor %}
),

items as (
    select
        month_ends.as_of,
        invoices.company_id,
        invoices.company_name,
        {{ billit.side('invoices.invoice_type') }} as side,
        {{ billit.ageing_bucket('month_ends.as_of - invoices.due_date') }} as bucket,
        invoices.company_currency,
        {{ billit.converted(
            'balances.open_amount', 'invoices.currency', 'invoices.company_currency', 'invoices.exchange_rate'
        ) }} as company_open_amount
    from month_ends
    inner join {{ ref('int_billit__balances') }} as balances
        on balances.valid_from <= month_ends.as_of
        and (balances.valid_until > month_ends.as_of or balances.valid_until is null)
    inner join {{ ref('billit__invoices') }} as invoices
        on balances.invoice_id = invoices.invoice_id
)

select
    as_of,
    company_id,
    company_name,
    side,
    bucket,
    cast(count(*) as integer) as invoices,
    cast(sum(company_open_amount) as numeric(18, 2)) as company_open_amount,
    company_currency
from items
group by as_of, company_id, company_name, side, bucket, company_currency
