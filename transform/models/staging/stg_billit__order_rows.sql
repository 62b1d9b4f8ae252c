{{ config(materialized='incremental', pre_hook="{{ billit.delete_changed(billit.row_streams()) }}") }}
{%- set columns = billit.order_columns() -%}

with changed as (
    {{ billit.changed_orders(billit.row_streams(), dict(columns, **billit.order_objects())) }}
)

select
    stream,
    {{ columns.keys() | join(',\n    ') }},
    {{ billit.order_object_columns() }},
    extracted_at
from changed
