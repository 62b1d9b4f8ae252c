{#- What DuckDB and PostgreSQL say differently. -#}

{#- Any column as JSON: PostgreSQL's loader makes arrays of jsonb, DuckDB's makes text. -#}
{% macro as_json(value) %}{{ return(adapter.dispatch('as_json', 'billit')(value)) }}{% endmacro %}

{% macro default__as_json(value) %}
    {{- return('cast(null as jsonb)' if value == 'null' else 'to_jsonb(' ~ value ~ ')') -}}
{% endmacro %}

{% macro duckdb__as_json(value) %}{{ return('cast(' ~ value ~ ' as json)') }}{% endmacro %}


{#- A number that was loaded, exact: 1.005, which DuckDB's loader keeps as a double, is 1.01 in cents. -#}
{% macro as_decimal(value, type) %}{{ return(adapter.dispatch('as_decimal', 'billit')(value, type)) }}{% endmacro %}

{% macro default__as_decimal(value, type) %}{{ return('cast(' ~ value ~ ' as ' ~ type ~ ')') }}{% endmacro %}

{% macro duckdb__as_decimal(value, type) %}
    {{- return('cast(cast(' ~ value ~ ' as varchar) as ' ~ type ~ ')') -}}
{% endmacro %}


{#- The number of a key in a JSON object; null where it is none. -#}
{% macro number_of(object, key, type) %}{{ return(adapter.dispatch('number_of', 'billit')(object, key, type)) }}{% endmacro %}

{#- A number in JSON is one; only a text has to be looked at, which takes longer. -#}
{% macro default__number_of(object, key, type) %}
    {%- set text = "(" ~ object ~ " ->> '" ~ key ~ "')" -%}
    {{- return(
        "cast(case when jsonb_typeof(" ~ object ~ " -> '" ~ key ~ "') = 'number' or " ~ text ~ " ~ '^-?[0-9]+([.][0-9]+)?$'"
        ~ " then cast(" ~ text ~ " as numeric) end as " ~ type ~ ")"
    ) -}}
{% endmacro %}

{% macro duckdb__number_of(object, key, type) %}
    {{- return("try_cast((" ~ object ~ " ->> '" ~ key ~ "') as " ~ type ~ ")") -}}
{% endmacro %}


{#- One row for each element of a JSON array, with its place from 1; what is no array has none. -#}
{% macro elements(relation, keys, array) %}
    {{- adapter.dispatch('elements', 'billit')(relation, keys, array) -}}
{% endmacro %}

{% macro default__elements(relation, keys, array) %}
    select {{ keys | join(', ') }}, element.value, cast(element.place as integer) as place
    from {{ relation }}
    cross join lateral jsonb_array_elements(
        case when jsonb_typeof({{ array }}) = 'array' then {{ array }} end
    ) with ordinality as element (value, place)
{% endmacro %}

{% macro duckdb__elements(relation, keys, array) %}
    {%- set elements = "cast(case when json_type(" ~ array ~ ") = 'ARRAY' then " ~ array ~ " end as json[])" %}
    select
        {{ keys | join(', ') }},
        unnest({{ elements }}) as value,
        cast(generate_subscripts({{ elements }}, 1) as integer) as place
    from {{ relation }}
{% endmacro %}


{#- a / b, rounded half away from zero; exact where a has up to 2 and b up to 10 decimals. -#}
{% macro ratio(a, b, decimals=2) %}
    {{- return(adapter.dispatch('ratio', 'billit')(a, b, decimals)) -}}
{% endmacro %}

{% macro default__ratio(a, b, decimals) %}
    {{- return('round(cast(' ~ a ~ ' as numeric) / nullif(' ~ b ~ ', 0), ' ~ decimals ~ ')') -}}
{% endmacro %}

{#- DuckDB divides decimals as doubles, so that 0.02 / 0.8 may become 0.02: whole numbers do not. -#}
{% macro duckdb__ratio(a, b, decimals) %}
    {%- set hundredths = 'cast(' ~ a ~ ' * 100 as hugeint)' -%}
    {%- set divisor = 'cast(' ~ b ~ ' * 10000000000 as hugeint)' -%}
    {%- set scale = '2' ~ '0' * (8 + decimals) -%}
    {{- return(
        'cast(sign(' ~ a ~ ') * ((abs(' ~ hundredths ~ ') * ' ~ scale ~ ' + ' ~ divisor ~ ')'
        ~ ' // nullif(2 * ' ~ divisor ~ ', 0)) as decimal(28, 0)) * cast(0.' ~ '0' * (decimals - 1) ~ '1 as decimal(10, '
        ~ decimals ~ '))'
    ) -}}
{% endmacro %}


{#- A short text that differs where one of the values does. -#}
{% macro fingerprint(values) %}{{ return(adapter.dispatch('fingerprint', 'billit')(values)) }}{% endmacro %}

{% macro default__fingerprint(values) %}
    {{- return('hashtextextended(cast(row(' ~ values | join(', ') ~ ') as text), 0)') -}}
{% endmacro %}

{% macro duckdb__fingerprint(values) %}{{ return('hash(' ~ values | join(', ') ~ ')') }}{% endmacro %}


{#- PostgreSQL takes what a subquery gives for one row or two, and has joined 100,000 orders row by row
    for minutes. For the transaction of a model it does so only where it must; that counts as so dear
    that each such query would be compiled first, which takes longer than the query. -#}
{% macro without_nested_loops() %}{{ return(adapter.dispatch('without_nested_loops', 'billit')()) }}{% endmacro %}

{% macro default__without_nested_loops() %}{{ return('set local enable_nestloop = off; set local jit = off') }}{% endmacro %}

{% macro duckdb__without_nested_loops() %}{{ return('') }}{% endmacro %}
