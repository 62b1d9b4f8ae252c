-- Each order that was loaded is an invoice or a deleted one, once.
with loaded as (
    select order_id from {{ ref('stg_billit__order_rows') }}
    union
    select order_id from {{ ref('stg_billit__order_details') }}
),

found as (
    select invoice_id from {{ ref('billit__invoices') }}
    union all
    select invoice_id from {{ ref('billit__deleted_invoices') }} where was_loaded
)

select loaded.order_id, count(found.invoice_id) as times
from loaded
left join found
    on loaded.order_id = found.invoice_id
group by loaded.order_id
having count(found.invoice_id) <> 1
