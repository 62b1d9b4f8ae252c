{%- set as_of = billit.as_of() -%}

with banked as (
    select
        transactions.company_id,
        'actual' as kind,
        'bank' as source,
        transactions.value_date as day,
        {{ billit.converted(
            'transactions.total_amount',
            'coalesce(transactions.currency, companies.company_currency)',
            'companies.company_currency',
            'rates.exchange_rate',
        ) }} as amount
    from {{ ref('stg_billit__transactions') }} as transactions
    inner join {{ ref('int_billit__companies') }} as companies
        on transactions.company_id = companies.company_id
    left join {{ ref('int_billit__exchange_rates') }} as rates
        on transactions.company_id = rates.company_id
        and transactions.currency = rates.currency
        and transactions.value_date >= rates.valid_from
        and transactions.value_date < coalesce(rates.valid_until, cast('9999-12-31' as date))
),

-- what only takes back more than an invoice that the bank paid is no money
declared as (
    select
        payments.company_id,
        'actual' as kind,
        'declared' as source,
        payments.payment_date as day,
        case
            when payments.invoice_type like 'customer%' then payments.company_amount
            else -payments.company_amount
        end as amount
    from {{ ref('billit__payments') }} as payments
    inner join {{ ref('billit__invoices') }} as invoices
        on payments.invoice_id = invoices.invoice_id
    where payments.kind = 'declared'
        and sign(payments.amount) = sign(invoices.total)
),

-- An open item comes in as late as its contact usually pays, a year at most; one that is late by
-- that too, this week. What is over 90 days late may never come. No reader knows the year 10000.
expected as (
    select
        items.company_id,
        case when items.days_overdue > 90 then 'doubtful' else 'expected' end as kind,
        'open_items' as source,
        greatest(
            {{ as_of }},
            least(
                cast('9999-12-31' as date),
                items.due_date
                + cast(least(greatest(round(coalesce(contacts.average_days_late, 0)), 0), 365) as integer)
            )
        ) as day,
        case when items.side = 'receivable' then items.company_open_amount else -items.company_open_amount end as amount
    from {{ ref('billit__open_items') }} as items
    left join {{ ref('billit__contacts') }} as contacts
        on items.company_id = contacts.company_id and items.partner_id = contacts.contact_id
),

-- what is dated later has not moved: it is still expected
moved as (
    select * from banked
    union all
    select * from declared
),

moves as (
    select *
    from moved
    where day <= {{ as_of }}
    union all
    select * from expected
)

select
    cast(date_trunc('week', moves.day) as date) as week_start,
    moves.company_id,
    companies.company_name,
    cast(moves.kind as varchar) as kind,
    cast(moves.source as varchar) as source,
    cast(count(*) as integer) as moves,
    cast(coalesce(sum(case when moves.amount > 0 then moves.amount end), 0) as numeric(18, 2)) as money_in,
    cast(coalesce(-sum(case when moves.amount < 0 then moves.amount end), 0) as numeric(18, 2)) as money_out,
    cast(coalesce(sum(moves.amount), 0) as numeric(18, 2)) as net,
    companies.company_currency,
    cast(count(*) - count(moves.amount) as integer) as unconverted
from moves
inner join {{ ref('int_billit__companies') }} as companies
    on moves.company_id = companies.company_id
where moves.day is not null
group by
    date_trunc('week', moves.day), moves.company_id, companies.company_name, moves.kind, moves.source,
    companies.company_currency
