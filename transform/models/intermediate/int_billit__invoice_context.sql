{{ config(post_hook='analyze {{ this }}') }}
{#- What an invoice takes from elsewhere than its order, and versions that change with any of it: one
    of the invoice, one of its lines and VAT. -#}
with orders as (
    select *
    from {{ ref('int_billit__orders') }}
    where order_type in ('Invoice', 'CreditNote') and not is_deleted
),

-- the number of an invoice is unique by its supplier only, and nothing makes it so
numbered as (
    select
        company_id,
        partner_id,
        order_direction,
        order_number,
        min(order_id) as order_id
    from orders
    where order_type = 'Invoice'
    group by company_id, partner_id, order_direction, order_number
    having count(*) = 1
),

products as (
    select
        company_id,
        sum({{ billit.fingerprint(['product_id', 'product_code', 'product_name']) }}) as version
    from {{ ref('stg_billit__products') }}
    group by company_id
),

categories as (
    select
        sum({{ billit.fingerprint(
            ['order_direction', 'ventilation_code', 'tax_category', 'tax_category_at_zero']
        ) }}) as version
    from {{ ref('billit_vat_categories') }}
),

invoices as (
    select
        orders.order_id as invoice_id,
        orders.version as order_version,
        companies.company_name,
        companies.company_currency,
        coalesce(statuses.status, 'posted') as status_of_order,
        parties.iban as party_iban,
        parties.bic as party_bic,
        numbered.order_id as credited_invoice_id,
        first_lines.extracted_at as lines_read_at,
        first_groups.extracted_at as vat_groups_read_at,
        products.version as products_version,
        categories.version as categories_version
    from orders
    inner join {{ ref('int_billit__companies') }} as companies
        on orders.company_id = companies.company_id
    left join {{ ref('billit_order_statuses') }} as statuses
        on orders.order_status = statuses.billit_status
    left join {{ ref('stg_billit__parties') }} as parties
        on orders.company_id = parties.company_id and orders.partner_id = parties.party_id
    left join numbered
        on orders.company_id = numbered.company_id
        and orders.partner_id = numbered.partner_id
        and orders.order_direction = numbered.order_direction
        and case when orders.order_type = 'CreditNote' then orders.about_invoice_number end = numbered.order_number
    -- Lines and VAT may be those of a newer or older copy than the order: a load goes on meanwhile.
    left join {{ ref('stg_billit__order_lines') }} as first_lines
        on orders.order_id = first_lines.order_id
        and orders.details_stream = first_lines.stream
        and first_lines.line_number = 1
    left join {{ ref('stg_billit__order_vat_groups') }} as first_groups
        on orders.order_id = first_groups.order_id
        and orders.details_stream = first_groups.stream
        and first_groups.group_number = 1
    left join products
        on orders.company_id = products.company_id
    cross join categories
),

versions as (
    select
        *,
        {{ billit.fingerprint([
            'order_version', 'company_name', 'company_currency', 'status_of_order', 'party_iban', 'party_bic',
            'credited_invoice_id', "'" ~ var('billit_exchange') ~ "'",
        ]) }} as version
    from invoices
)

select
    invoice_id,
    company_name,
    company_currency,
    status_of_order,
    party_iban,
    party_bic,
    credited_invoice_id,
    cast(version as varchar) as version,
    cast({{ billit.fingerprint([
        'version', 'lines_read_at', 'vat_groups_read_at', 'products_version', 'categories_version',
    ]) }} as varchar) as parts_version
from versions
