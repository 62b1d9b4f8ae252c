{#- What was open of each posted invoice, and from which day until which. So any day can be asked.
    Where nothing was open there is no row. -#}
with changes as (
    select
        invoice_id,
        invoice_date as day,
        total as amount
    from {{ ref('billit__invoices') }}
    where is_posted and total is not null
    union all
    select
        payments.invoice_id,
        -- what was paid before counts from the invoice on
        greatest(payments.payment_date, invoices.invoice_date) as day,
        -payments.amount as amount
    from {{ ref('billit__payments') }} as payments
    inner join {{ ref('billit__invoices') }} as invoices
        on payments.invoice_id = invoices.invoice_id
    where invoices.is_posted and invoices.total is not null
),

days as (
    select
        invoice_id,
        day,
        sum(amount) as amount
    from changes
    group by invoice_id, day
),

balances as (
    select
        invoice_id,
        day as valid_from,
        lead(day) over (partition by invoice_id order by day) as valid_until,
        sum(amount) over (
            partition by invoice_id order by day rows between unbounded preceding and current row
        ) as open_amount
    from days
)

select
    invoice_id,
    valid_from,
    valid_until,
    cast(open_amount as numeric(18, 2)) as open_amount
from balances
where open_amount <> 0
