with details as (
    {{ billit.source_rows(billit.detail_streams(), {
        'order_id': ('OrderID', 'bigint'),
        'order_lines': ('OrderLines', 'json'),
    }) }}
),

lines as (
    {{ billit.elements('details', ['stream', 'order_id', 'extracted_at'], 'order_lines') }}
)

select
    stream,
    order_id,
    place as line_number,
    {{ billit.text_of('value', 'OrderLineID', 'bigint') }} as line_id,
    {{ billit.text_of('value', 'Description') }} as description,
    {{ billit.text_of('value', 'DescriptionExtended') }} as description_extended,
    {{ billit.text_of('value', 'Quantity', 'numeric(28, 6)') }} as quantity,
    {{ billit.text_of('value', 'Unit') }} as unit,
    {{ billit.text_of('value', 'UnitPriceExcl', 'numeric(28, 6)') }} as unit_price_excl,
    {{ billit.text_of('value', 'ReductionPercentage', 'numeric(28, 6)') }} as reduction_percentage,
    {{ billit.text_of('value', 'TotalExcl', 'numeric(18, 2)') }} as total_excl,
    {{ billit.text_of('value', 'TotalVAT', 'numeric(18, 2)') }} as total_vat,
    {{ billit.text_of('value', 'TotalIncl', 'numeric(18, 2)') }} as total_incl,
    {{ billit.text_of('value', 'VATPercentage', 'numeric(28, 6)') }} as vat_percentage,
    {{ billit.text_of('value', 'VentilationCode') }} as ventilation_code,
    {{ billit.text_of('value', 'ProductID') }} as product_id,
    {{ billit.text_of('value', 'Reference') }} as reference,
    {{ billit.text_of('value', 'AccountCode') }} as account_code,
    {{ billit.text_of('value', 'AnalyticCostCenter') }} as analytic_cost_center,
    {{ billit.text_of('value', 'AnalyticCostBearer') }} as analytic_cost_bearer,
    {{ billit.text_of('value', 'AllowanceChargeIndicator', 'boolean') }} as allowance_charge_indicator,
    {{ billit.text_of('value', 'Code') }} as reason_code,
    {{ billit.text_of('value', 'LinkedOrderLineID') }} as linked_order_line_id,
    extracted_at
from lines
