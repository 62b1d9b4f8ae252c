{%- set columns = billit.order_columns() -%}
{%- set kept = billit.kept() -%}
{%- set of_objects = (billit.order_column_names() | reject('in', columns) | reject('in', ['stream', 'extracted_at']) | list) -%}

with {{ billit.changed_orders(billit.row_streams(), dict(columns, **billit.order_objects()), kept) }}

select
    stream,
    {{ columns.keys() | join(',\n    ') }},
    {{ billit.order_object_columns() }},
    extracted_at
from changed
{{ billit.unchanged_orders(
    billit.row_streams(), ['stream'] + (columns.keys() | list) + of_objects + ['extracted_at'], kept
) }}
