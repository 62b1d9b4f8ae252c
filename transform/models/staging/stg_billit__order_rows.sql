{%- set objects = billit.order_objects() -%}
{%- set columns = dict(billit.order_columns(), **objects) -%}

with source as (
    {{ billit.source_rows(billit.row_streams(), columns) }}
)

select
    stream,
    {{ billit.order_columns().keys() | join(',\n    ') }},
    {{ billit.order_object_columns() }},
    extracted_at
from source
