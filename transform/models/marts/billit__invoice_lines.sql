{{ config(materialized='incremental', pre_hook='{{ billit.delete_changed_parts() }}') }}
with changed as (
    {{ billit.changed_parts() }}
)

select
    invoices.invoice_id,
    lines.line_number,
    lines.line_id,
    invoices.company_id,
    invoices.invoice_type,
    invoices.invoice_date,
    invoices.is_posted,
    invoices.currency,
    lines.description,
    lines.description_extended,
    lines.quantity,
    lines.unit as unit_of_measure,
    lines.unit_price_excl as unit_price,
    lines.reduction_percentage as discount_percentage,
    cast(
        invoices.sign * (round(lines.quantity * lines.unit_price_excl, 2) - lines.total_excl) as numeric(18, 2)
    ) as discount_amount,
    cast(invoices.sign * lines.total_excl as numeric(18, 2)) as untaxed_amount,
    cast(invoices.sign * lines.total_vat as numeric(18, 2)) as tax_amount,
    cast(invoices.sign * lines.total_incl as numeric(18, 2)) as total,
    lines.vat_percentage as tax_rate,
    lines.ventilation_code,
    {{ billit.tax_category('lines.vat_percentage') }} as tax_category,
    lines.product_id,
    coalesce(lines.reference, products.product_code) as product_code,
    products.product_name,
    lines.account_code as account_number,
    lines.analytic_cost_center as cost_center,
    lines.analytic_cost_bearer as cost_bearer,
    lines.allowance_charge_indicator is not null as is_allowance_or_charge,
    lines.allowance_charge_indicator as is_charge,
    lines.reason_code,
    lines.linked_order_line_id as linked_line,
    changed.parts_version as version
from changed
inner join {{ ref('billit__invoices') }} as invoices
    on changed.invoice_id = invoices.invoice_id
inner join {{ ref('int_billit__orders') }} as orders
    on invoices.invoice_id = orders.order_id
inner join {{ ref('stg_billit__order_lines') }} as lines
    on orders.order_id = lines.order_id and orders.details_stream = lines.stream
left join {{ ref('stg_billit__products') }} as products
    on invoices.company_id = products.company_id and lines.product_id = products.product_id
left join {{ ref('billit_vat_categories') }} as categories
    on orders.order_direction = categories.order_direction
    and lines.ventilation_code = cast(categories.ventilation_code as varchar)
