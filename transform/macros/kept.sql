{#- To read JSON is most of the work, and most orders have not changed since the last build: what was
    made of those is taken from the table itself. What is gone from the loader's tables goes here too.
    `dbt build --full-refresh` makes all of it anew. -#}

{#- The table as the last build left it, or none. -#}
{% macro kept() %}
    {%- if not execute or flags.FULL_REFRESH -%}{{ return(none) }}{%- endif -%}
    {%- set table = load_relation(this) -%}
    {{ return(table if table is not none and table.is_table else none) }}
{% endmacro %}

{#- The orders that were not read at the last build, as a CTE `changed`. -#}
{% macro changed_orders(streams, columns, kept) %}
present as (
    {{ billit.source_rows(streams, columns) }}
),

changed as (
    select present.*
    from present
    {%- if kept %}
    where not exists (
        select 1
        from {{ kept }} as kept
        where kept.stream = present.stream
            and kept.order_id = present.order_id
            and kept.extracted_at = present.extracted_at
    )
    {%- endif %}
)
{%- endmacro %}

{#- What was made of the others, to be added. -#}
{% macro unchanged_orders(streams, columns, kept) %}
    {%- if kept %}
union all
select {{ columns | join(', ') }}
from {{ kept }} as kept
where exists (
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
