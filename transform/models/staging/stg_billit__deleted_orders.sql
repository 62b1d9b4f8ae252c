{%- set columns = billit.order_columns() -%}

with source as (
    {{ billit.source_rows(['deleted_orders'], dict(columns, counter_party=('CounterParty', 'json'))) }}
)

select
    stream,
    {{ columns.keys() | join(',\n    ') }},
    {{ billit.text_of('counter_party', 'PartyID') }} as partner_id,
    coalesce(
        {{ billit.text_of('counter_party', 'Name') }}, {{ billit.text_of('counter_party', 'DisplayName') }}
    ) as partner_name,
    extracted_at
from source
