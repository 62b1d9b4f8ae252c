{{ config(materialized='incremental', pre_hook='{{ billit.delete_changed_parts() }}') }}
with changed as (
    {{ billit.changed_parts() }}
),

signed as (
    select
        changed.parts_version,
        invoices.invoice_id,
        groups.group_number,
        invoices.company_id,
        invoices.invoice_type,
        invoices.invoice_date,
        invoices.is_posted,
        orders.order_direction,
        groups.vat_percentage as tax_rate,
        groups.ventilation_code,
        invoices.currency,
        cast(invoices.sign * groups.total_excl as numeric(18, 2)) as untaxed_amount,
        cast(invoices.sign * groups.taxable_base as numeric(18, 2)) as taxable_base,
        cast(invoices.sign * groups.total_vat as numeric(18, 2)) as tax_amount,
        cast(invoices.sign * groups.total_incl as numeric(18, 2)) as total,
        invoices.company_currency,
        invoices.exchange_rate
    from changed
    inner join {{ ref('billit__invoices') }} as invoices
        on changed.invoice_id = invoices.invoice_id
    inner join {{ ref('int_billit__orders') }} as orders
        on invoices.invoice_id = orders.order_id
    inner join {{ ref('stg_billit__order_vat_groups') }} as groups
        on orders.order_id = groups.order_id and orders.details_stream = groups.stream
),

in_company_currency as (
    select
        *,
        {{ billit.converted('total', 'currency', 'company_currency', 'exchange_rate') }} as company_total,
        {{ billit.converted('tax_amount', 'currency', 'company_currency', 'exchange_rate') }} as company_tax_amount,
        {{ billit.converted('untaxed_amount', 'currency', 'company_currency', 'exchange_rate') }} as converted_untaxed_amount
    from signed
)

select
    groups.invoice_id,
    groups.group_number,
    groups.company_id,
    groups.invoice_type,
    groups.invoice_date,
    groups.is_posted,
    groups.tax_rate,
    {{ billit.tax_category('groups.tax_rate') }} as tax_category,
    groups.ventilation_code,
    groups.currency,
    groups.untaxed_amount,
    groups.taxable_base,
    groups.tax_amount,
    groups.total,
    groups.company_currency,
    cast(
        coalesce(groups.company_total - groups.company_tax_amount, groups.converted_untaxed_amount) as numeric(18, 2)
    ) as company_untaxed_amount,
    groups.company_tax_amount,
    groups.company_total,
    groups.parts_version as version
from in_company_currency as groups
left join {{ ref('billit_vat_categories') }} as categories
    on groups.order_direction = categories.order_direction
    and groups.ventilation_code = cast(categories.ventilation_code as varchar)
