{#- The day that "open" and "overdue" are asked of, as a Python date. -#}
{% macro as_of_day() %}
    {%- set day = var('billit_as_of', none) or env_var('BILLIT_AS_OF', '') -%}
    {%- if day -%}
        {{ return(modules.datetime.date.fromisoformat(day | string)) }}
    {%- endif -%}
    {%- set zone = modules.pytz.timezone(var('billit_timezone')) -%}
    {{ return(run_started_at.astimezone(zone).date()) }}
{% endmacro %}

{% macro as_of() %}{{ return("cast('" ~ billit.as_of_day() ~ "' as date)") }}{% endmacro %}

{#- An amount of an order in its company's currency; null where the rate is not known. -#}
{% macro converted(amount, currency, company_currency, rate) %}
    cast(case
        when {{ currency }} = {{ company_currency }} then {{ amount }}
        when {{ rate }} > 0 then
            {% if var('billit_exchange') == 'divide' -%}
            {{ billit.ratio(amount, rate) }}
            {%- elif var('billit_exchange') == 'multiply' -%}
            round({{ amount }} * {{ rate }}, 2)
            {%- else -%}
            {{ exceptions.raise_compiler_error("The variable billit_exchange is divide or multiply") }}
            {%- endif %}
    end as numeric(18, 2))
{%- endmacro %}

{#- How late an amount is, in the words of the ageing. -#}
{% macro ageing_bucket(days_overdue) %}
    cast(case
        when {{ days_overdue }} <= 0 then 'not due'
        when {{ days_overdue }} <= 30 then '1-30'
        when {{ days_overdue }} <= 60 then '31-60'
        when {{ days_overdue }} <= 90 then '61-90'
        else 'over 90'
    end as varchar)
{%- endmacro %}

{#- The text of a key in a JSON object, or its number or truth: null where it is none. -#}
{% macro text_of(object, key, type='varchar') %}
    {%- set text = "(" ~ object ~ " ->> '" ~ key ~ "')" -%}
    {%- if type == 'varchar' -%}
        cast(nullif({{ text }}, '') as varchar)
    {%- elif type == 'boolean' -%}
        case {{ text }} when 'true' then true when 'false' then false end
    {%- else -%}
        {{ billit.number_of(object, key, type) }}
    {%- endif -%}
{%- endmacro %}

{#- The VAT category of EN 16931, from the seed `billit_vat_categories`. -#}
{% macro tax_category(rate) %}
    cast(case when {{ rate }} = 0 then categories.tax_category_at_zero else categories.tax_category end as varchar)
{%- endmacro %}

{% macro side(invoice_type) %}
    cast(case when {{ invoice_type }} like 'customer%' then 'receivable' else 'payable' end as varchar)
{%- endmacro %}

{#- The last month ends up to the day that is asked of, oldest first, as SQL dates. -#}
{% macro month_ends(count=24) %}
    {%- set ends = [] -%}
    {%- set state = namespace(day=billit.as_of_day() + modules.datetime.timedelta(days=1)) -%}
    {%- for _ in range(count) -%}
        {%- set state.day = state.day.replace(day=1) - modules.datetime.timedelta(days=1) -%}
        {%- do ends.insert(0, "cast('" ~ state.day ~ "' as date)") -%}
    {%- endfor -%}
    {{ return(ends) }}
{% endmacro %}
