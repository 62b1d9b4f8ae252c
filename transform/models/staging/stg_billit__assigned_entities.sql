{{ config(
    materialized='incremental',
    pre_hook="{{ billit.delete_changed_rows(['financial_transactions'], billit.transaction_key()) }}",
) }}
{%- set keys = ['stream'] + (billit.transaction_key() | list) -%}

with changed as (
    {{ billit.changed_rows(['financial_transactions'], billit.transaction_key(), {
        'assigned_entities': ('AssignedEntities', 'json')
    }) }}
),

entities as (
    {{ billit.elements('changed', keys + ['extracted_at'], 'assigned_entities') }}
)

select
    {{ keys | join(',\n    ') }},
    place as entity_number,
    {{ billit.text_of('value', 'EntityType') }} as entity_type,
    {{ billit.text_of('value', 'EntityID', 'bigint') }} as entity_id,
    {{ billit.text_of('value', 'AssignedAmount', 'numeric(18, 2)') }} as assigned_amount,
    extracted_at
from entities
