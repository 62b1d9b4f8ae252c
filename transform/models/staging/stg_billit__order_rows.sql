{{ config(materialized='incremental', pre_hook="{{ billit.delete_changed_rows(billit.row_streams(), billit.order_key()) }}") }}
{%- set columns = billit.order_columns() -%}

with changed as (
    {{ billit.changed_rows(billit.row_streams(), billit.order_key(), dict(columns, **billit.order_objects())) }}
)

select
    stream,
    {{ columns.keys() | join(',\n    ') }},
    {{ billit.order_object_columns() }},
    extracted_at
from changed
