-- For each posted invoice, total less payments is what Billit counts as open.
with paid as (
    select invoice_id, sum(amount) as amount
    from {{ ref('billit__payments') }}
    group by invoice_id
)

select invoices.invoice_id, invoices.total, paid.amount, invoices.outstanding_amount
from {{ ref('billit__invoices') }} as invoices
left join paid
    on invoices.invoice_id = paid.invoice_id
where invoices.is_posted
    and invoices.total - coalesce(paid.amount, 0) <> invoices.outstanding_amount
