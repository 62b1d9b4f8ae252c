{#- The rows of some of Billit's streams, renamed and cast alike on all engines.

    `columns` maps a column's name to Billit's property and the type. A table or column that was not
    loaded gives nulls; but if there is no table at all, dbt looks in the wrong place: then it fails.
    `keys` are columns that each table has. With `unless_kept`, rows that the model has are left out. -#}
{% macro source_rows(streams, columns={}, keys={}, unless_kept=false) %}
    {%- set loaded = billit.loaded_streams(streams) -%}
    {%- for stream in loaded %}
        {%- set relation = billit.stream_relation(stream) %}
        {%- set present = billit.column_names(relation) if columns else [] %}
        select
            cast('{{ stream }}' as varchar) as stream,
            {%- for name, (property, type) in dict(keys, **columns).items() %}
            {{ billit.cast_property(property, type, name in keys or property | lower in present) }} as {{ name }},
            {%- endfor %}
            cast(_sdc_extracted_at as timestamp) as extracted_at
        from {{ relation }}
        where _sdc_deleted_at is null
        {%- if unless_kept and is_incremental() %}
            and {{ billit.unless_row_kept(relation, stream, keys) }}
        {%- endif %}
        {%- if not loop.last %}
        union all
        {%- endif %}
    {%- else %}
        select
            cast(null as varchar) as stream,
            {%- for name, (property, type) in dict(keys, **columns).items() %}
            {{ billit.cast_property(property, type, false) }} as {{ name }},
            {%- endfor %}
            cast(null as timestamp) as extracted_at
        where false
    {%- endfor %}
{% endmacro %}

{#- Those of the streams that have a table. -#}
{% macro loaded_streams(streams) %}
    {%- set loaded = [] -%}
    {%- for stream in streams if billit.stream_relation(stream) is not none %}
        {%- do loaded.append(stream) -%}
    {%- endfor -%}
    {%- if execute and not loaded %}{% do billit.fail_without_tables() %}{% endif -%}
    {{ return(loaded) }}
{% endmacro %}

{#- The table of a stream, or none. -#}
{% macro stream_relation(stream) %}
    {%- if stream not in var('billit_streams') %}{{ return(none) }}{% endif -%}
    {%- set table = source('billit', stream) -%}
    {%- if not execute %}{{ return(table) }}{% endif -%}
    {{ return(load_relation(table)) }}
{% endmacro %}

{% macro fail_without_tables() %}
    {%- for stream in var('billit_streams') if billit.stream_relation(stream) is not none %}
        {{ return(none) }}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        "No table of Billit was found in schema '" ~ var('billit_schema', env_var('BILLIT_SCHEMA', 'billit'))
        ~ "' of database '" ~ (var('billit_database', none) or target.database)
        ~ "'. Set the variable billit_schema (or BILLIT_SCHEMA) to where the loader writes, and load first."
    ) -%}
{% endmacro %}

{#- Names in lower case: DuckDB's loader does not keep Billit's. -#}
{% macro column_names(relation) %}
    {%- set names = [] -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {%- do names.append(column.name | lower) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(names) }}
{% endmacro %}

{#- An empty text means nothing, as DuckDB's loader has it already; nor does .NET's year 1. -#}
{% macro cast_property(property, type, is_present=true) %}
    {%- set value = '"' ~ property ~ '"' if is_present else 'null' -%}
    {%- if type == 'json' -%}
        {{ billit.as_json(value) }}
    {%- elif type == 'varchar' -%}
        cast(nullif(cast({{ value }} as varchar), '') as varchar)
    {%- elif type in ('date', 'timestamp') -%}
        {%- set day = 'cast(' ~ value ~ ' as ' ~ type ~ ')' -%}
        case when {{ day }} >= cast('1900-01-01' as {{ type }}) then {{ day }} end
    {%- elif type.startswith('numeric') -%}
        {{ billit.as_decimal(value, type) }}
    {%- else -%}
        cast({{ value }} as {{ type }})
    {%- endif -%}
{% endmacro %}
