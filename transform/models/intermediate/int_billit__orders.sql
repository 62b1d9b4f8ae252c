{#- One row for each order, as it is now. An order that changes its type or direction is in two
    tables; what it is now says the newest copy. Its state and money are those of the newer of row
    and details, the row's on a tie; the rest only details have. -#}
{{ config(
    materialized='incremental',
    pre_hook="{{ billit.delete_changed(ref('int_billit__order_versions'), ['order_id']) }}",
) }}
{%- set shared = billit.order_column_names() | join(',\n        ') -%}
{%- set same_partner = 'details.partner_id is not distinct from state.partner_id' -%}

with changed as (
    select order_id, version
    from {{ ref('int_billit__order_versions') }} as present
    where {{ billit.unless_kept({'order_id': 'present.order_id'}) }}
),

states as (
    select
        1 as preference,
        {{ shared }}
    from {{ ref('stg_billit__order_rows') }}
    where order_id in (select order_id from changed)
    union all
    select
        2 as preference,
        {{ shared }}
    from {{ ref('stg_billit__order_details') }}
    where order_id in (select order_id from changed)
),

copies as (
    select order_id, company_id, order_direction, order_type, last_modified_at, extracted_at, preference, stream
    from states
    union all
    select order_id, company_id, order_direction, order_type, last_modified_at, extracted_at, 3 as preference, stream
    from {{ ref('stg_billit__order_index') }}
    where order_id in (select order_id from changed)
),

newest_copies as (
    select
        *,
        max(extracted_at) over (partition by order_id) as seen_at,
        row_number() over (
            partition by order_id
            order by last_modified_at desc nulls last, extracted_at desc, preference, stream
        ) as place
    from copies
),

newest_states as (
    select
        *,
        row_number() over (
            partition by order_id
            order by last_modified_at desc nulls last, preference, extracted_at desc, stream
        ) as place
    from states
),

newest_details as (
    select
        *,
        row_number() over (
            partition by order_id
            order by last_modified_at desc nulls last, extracted_at desc, stream
        ) as place
    from {{ ref('stg_billit__order_details') }}
    where order_id in (select order_id from changed)
)

select
    now.order_id,
    -- what a copy does not say, others do; where none says direction or type, the stream's name does
    coalesce(now.company_id, state.company_id) as company_id,
    coalesce(
        now.order_direction,
        state.order_direction,
        cast(case when state.stream like 'supplier_%' then 'Cost' else 'Income' end as varchar)
    ) as order_direction,
    coalesce(
        now.order_type,
        state.order_type,
        cast(case when state.stream like '%_credit_note%' then 'CreditNote' else 'Invoice' end as varchar)
    ) as order_type,
    {%- for name in billit.order_columns() if name not in (
        'order_id', 'company_id', 'order_direction', 'order_type', 'order_title', 'reference', 'about_invoice_number'
    ) %}
    state.{{ name }},
    {%- endfor %}
    -- rows may lack these: Billit does not say
    coalesce(state.order_title, details.order_title) as order_title,
    coalesce(state.reference, details.reference) as reference,
    coalesce(state.about_invoice_number, details.about_invoice_number) as about_invoice_number,
    state.partner_id,
    -- details name more of the other side, if it is still the same
    {%- for name in ['name', 'street', 'number', 'box', 'postal_code', 'city', 'email', 'iban', 'bic'] %}
    coalesce(
        case when {{ same_partner }} then details.partner_{{ name }} end, state.partner_{{ name }}
    ) as partner_{{ name }},
    {%- endfor %}
    {%- for name in ['vat', 'country', 'vat_liable'] %}
    coalesce(
        state.partner_{{ name }}, case when {{ same_partner }} then details.partner_{{ name }} end
    ) as partner_{{ name }},
    {%- endfor %}
    coalesce(state.pdf_file_id, details.pdf_file_id) as pdf_file_id,
    coalesce(state.is_delivered, details.is_delivered) as is_delivered,
    details.tax_point_date,
    details.period_from,
    details.period_till,
    -- the account of another supplier would get the money
    case when {{ same_partner }} then details.iban end as iban,
    case when {{ same_partner }} then details.bic end as bic,
    details.payment_terms,
    details.payment_discount_percentage,
    details.payment_discount_amount,
    details.payment_discount_date,
    details.project_name,
    details.contract,
    details.comments,
    details.account_code,
    details.analytic_cost_center,
    details.analytic_cost_bearer,
    details.ventilation_code,
    details.stream as details_stream,
    details.order_id is not null as has_details,
    coalesce(
        details.last_modified_at >= state.last_modified_at or state.last_modified_at is null, false
    ) and details.order_id is not null as details_are_current,
    now.seen_at as extracted_at,
    -- one that came back was read after it was listed
    coalesce(deleted.extracted_at >= now.seen_at, false) as is_deleted,
    deleted.extracted_at as listed_as_deleted_at,
    changed.version
from newest_copies as now
inner join changed
    on now.order_id = changed.order_id
inner join newest_states as state
    on now.order_id = state.order_id and state.place = 1
left join newest_details as details
    on now.order_id = details.order_id and details.place = 1
left join {{ ref('stg_billit__deleted_orders') }} as deleted
    on now.order_id = deleted.order_id
where now.place = 1
