{#- Most orders have not changed since the last build: what was made of them stays. A model of orders
    is incremental; its hook `delete_changed` takes away what is made of something else by now, and it
    makes what `unless_kept` does not find. What is compared is what is stored, never a clock: so a
    build that was left out, killed, or run beside a load costs the next one more, and loses nothing.
    `dbt build --full-refresh` makes all anew. -#}

{#- Take away the rows whose keys, and the version of what they are made of, `present` does not have. -#}
{% macro delete_changed(present, keys, version='version') %}
    {%- if is_incremental() %}
delete from {{ this }} as kept
where not exists (
    select 1
    from {{ present }} as present
    where kept.{{ version }} = present.{{ version }}
        {%- for key in keys %}
        and kept.{{ key }} = present.{{ key }}
        {%- endfor %}
)
    {%- endif %}
{%- endmacro %}

{#- The condition that the model has no row of these keys: its column, by what it is compared with. -#}
{% macro unless_kept(keys) %}
    {%- if is_incremental() -%}
    not exists (
        select 1
        from {{ this }} as kept
        where {% for key, value in keys.items() -%}
            kept.{{ key }} = {{ value }}{% if not loop.last %} and {% endif %}
        {%- endfor %}
    )
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}

{#- The same two for rows as they were loaded: their version is when they were read. -#}
{% macro delete_changed_rows(streams, keys) %}
    {%- set present = "(" ~ billit.source_rows(streams, keys=keys) ~ ")" -%}
    {{- billit.delete_changed(present, ['stream'] + (keys | list), version='extracted_at') -}}
{%- endmacro %}

{% macro changed_rows(streams, keys, columns) %}
    {{- billit.source_rows(streams, columns, keys=keys, unless_kept=true) -}}
{%- endmacro %}

{#- The condition that the model has no such row. It lists the keys that are new: asked for those that
    do not exist, DuckDB reads all columns of all rows. -#}
{% macro unless_row_kept(relation, stream, keys) %}
    {%- set values = [] -%}
    {%- for property, type in keys.values() -%}
        {%- do values.append(billit.cast_property(property, type)) -%}
    {%- endfor -%}
    ({{ values | join(', ') }}) in (
                select {{ values | join(', ') }} from {{ relation }}
                except
                select {{ keys | join(', ') }} from {{ this }} where stream = '{{ stream }}'
            )
{%- endmacro %}

{#- And for lines and VAT, which change with more than their invoice: `parts_version` is theirs. -#}
{% macro delete_changed_parts() %}
    {%- set present = "(select invoice_id, parts_version as version from " ~ ref('int_billit__invoice_context') ~ ")" -%}
    {{- billit.delete_changed(present, ['invoice_id']) -}}
{% endmacro %}

{% macro changed_parts() %}
    select invoice_id, parts_version
    from {{ ref('int_billit__invoice_context') }} as present
    where {{ billit.unless_kept({'invoice_id': 'present.invoice_id'}) }}
{%- endmacro %}
