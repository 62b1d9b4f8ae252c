{#- To read JSON is most of the work, and most orders have not changed since the last build: what was
    made of those stays. A model of orders is incremental, `delete_changed` is its hook before it, and
    it reads `changed_orders`. `dbt build --full-refresh` makes all of it anew. -#}

{#- Take away what was made of orders that were read again, or are no longer in the loader's tables. -#}
{% macro delete_changed(streams) %}
    {%- if is_incremental() %}
delete from {{ this }} as kept
where not exists (
    select 1
    from (
        {{ billit.source_rows(streams, {'order_id': ('OrderID', 'bigint')}) }}
    ) as present
    where kept.stream = present.stream
        and kept.order_id = present.order_id
        and kept.extracted_at = present.extracted_at
)
    {%- endif %}
{%- endmacro %}

{#- The orders of which nothing is there. -#}
{% macro changed_orders(streams, columns) %}
    {{- billit.source_rows(streams, columns, unless_in=this if is_incremental() else none) -}}
{%- endmacro %}
