with details as (
    {{ billit.source_rows(billit.detail_streams(), {
        'order_id': ('OrderID', 'bigint'),
        'vat_groups': ('VatGroups', 'json'),
    }) }}
),

groups as (
    {{ billit.elements('details', ['stream', 'order_id', 'extracted_at'], 'vat_groups') }}
)

select
    stream,
    order_id,
    place as group_number,
    {{ billit.text_of('value', 'VATPercentage', 'numeric(28, 6)') }} as vat_percentage,
    {{ billit.text_of('value', 'VentilationCode') }} as ventilation_code,
    {{ billit.text_of('value', 'TotalExcl', 'numeric(18, 2)') }} as total_excl,
    {{ billit.text_of('value', 'TotalVAT', 'numeric(18, 2)') }} as total_vat,
    {{ billit.text_of('value', 'TotalIncl', 'numeric(18, 2)') }} as total_incl,
    {{ billit.text_of('value', 'Mtvh', 'numeric(18, 2)') }} as taxable_base,
    extracted_at
from groups
