{{ config(materialized='incremental', pre_hook="{{ billit.delete_changed_rows(billit.detail_streams(), billit.order_key()) }}") }}
{%- set columns = {
    'vat_percentage': ('VATPercentage', 'numeric(28, 6)'),
    'ventilation_code': ('VentilationCode', 'varchar'),
    'total_excl': ('TotalExcl', 'numeric(18, 2)'),
    'total_vat': ('TotalVAT', 'numeric(18, 2)'),
    'total_incl': ('TotalIncl', 'numeric(18, 2)'),
    'taxable_base': ('Mtvh', 'numeric(18, 2)'),
} -%}

with changed as (
    {{ billit.changed_rows(billit.detail_streams(), billit.order_key(), {
        'vat_groups': ('VatGroups', 'json')
    }) }}
),

elements as (
    {{ billit.elements('changed', ['stream', 'order_id', 'extracted_at'], 'vat_groups') }}
)

select
    stream,
    order_id,
    place as group_number,
    {%- for name, (key, type) in columns.items() %}
    {{ billit.text_of('value', key, type) }} as {{ name }},
    {%- endfor %}
    extracted_at
from elements
