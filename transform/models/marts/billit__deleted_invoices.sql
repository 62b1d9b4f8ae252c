{#- What an accounting system that took these invoices over has to cancel. -#}
with gone as (
    select
        order_id,
        company_id,
        order_direction,
        order_type,
        order_number,
        order_date,
        order_status,
        partner_id,
        partner_name,
        currency,
        total_incl,
        last_modified_at,
        true as was_loaded,
        case when is_deleted then 'deleted' else 'not an invoice' end as reason,
        listed_as_deleted_at
    from {{ ref('int_billit__orders') }}
    where is_deleted or order_type not in ('Invoice', 'CreditNote')
    union all
    select
        deleted.order_id,
        deleted.company_id,
        deleted.order_direction,
        deleted.order_type,
        deleted.order_number,
        deleted.order_date,
        deleted.order_status,
        deleted.partner_id,
        deleted.partner_name,
        deleted.currency,
        deleted.total_incl,
        deleted.last_modified_at,
        false as was_loaded,
        'deleted' as reason,
        deleted.extracted_at as listed_as_deleted_at
    from {{ ref('stg_billit__deleted_orders') }} as deleted
    left join {{ ref('int_billit__orders') }} as orders
        on deleted.order_id = orders.order_id
    where orders.order_id is null and deleted.order_type in ('Invoice', 'CreditNote')
)

select
    gone.order_id as invoice_id,
    gone.company_id,
    companies.company_name,
    gone.order_direction as billit_direction,
    gone.order_type as billit_type,
    gone.order_number as invoice_number,
    gone.order_date as invoice_date,
    gone.order_status as billit_status,
    gone.partner_id,
    gone.partner_name,
    coalesce(gone.currency, companies.company_currency) as currency,
    cast(case when gone.order_type = 'CreditNote' then -gone.total_incl else gone.total_incl end as numeric(18, 2))
        as total,
    cast(gone.reason as varchar) as reason,
    gone.was_loaded,
    gone.last_modified_at,
    gone.listed_as_deleted_at
from gone
inner join {{ ref('int_billit__companies') }} as companies
    on gone.company_id = companies.company_id
