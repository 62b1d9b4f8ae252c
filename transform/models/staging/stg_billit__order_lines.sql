{{ config(materialized='incremental', pre_hook="{{ billit.delete_changed_rows(billit.detail_streams(), billit.order_key()) }}") }}
{%- set columns = {
    'line_id': ('OrderLineID', 'bigint'),
    'description': ('Description', 'varchar'),
    'description_extended': ('DescriptionExtended', 'varchar'),
    'quantity': ('Quantity', 'numeric(28, 6)'),
    'unit': ('Unit', 'varchar'),
    'unit_price_excl': ('UnitPriceExcl', 'numeric(28, 6)'),
    'reduction_percentage': ('ReductionPercentage', 'numeric(28, 6)'),
    'total_excl': ('TotalExcl', 'numeric(18, 2)'),
    'total_vat': ('TotalVAT', 'numeric(18, 2)'),
    'total_incl': ('TotalIncl', 'numeric(18, 2)'),
    'vat_percentage': ('VATPercentage', 'numeric(28, 6)'),
    'ventilation_code': ('VentilationCode', 'varchar'),
    'product_id': ('ProductID', 'varchar'),
    'reference': ('Reference', 'varchar'),
    'account_code': ('AccountCode', 'varchar'),
    'analytic_cost_center': ('AnalyticCostCenter', 'varchar'),
    'analytic_cost_bearer': ('AnalyticCostBearer', 'varchar'),
    'allowance_charge_indicator': ('AllowanceChargeIndicator', 'boolean'),
    'reason_code': ('Code', 'varchar'),
    'linked_order_line_id': ('LinkedOrderLineID', 'varchar'),
} -%}

with changed as (
    {{ billit.changed_rows(billit.detail_streams(), billit.order_key(), {
        'order_lines': ('OrderLines', 'json')
    }) }}
),

elements as (
    {{ billit.elements('changed', ['stream', 'order_id', 'extracted_at'], 'order_lines') }}
)

select
    stream,
    order_id,
    place as line_number,
    {%- for name, (key, type) in columns.items() %}
    {{ billit.text_of('value', key, type) }} as {{ name }},
    {%- endfor %}
    extracted_at
from elements
