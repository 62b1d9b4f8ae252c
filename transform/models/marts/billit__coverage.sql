{#- What the other marts are made from: by company and stream, how many rows and how fresh; and of which day
    the others are. -#}
with streams as (
    {%- for stream in var('billit_streams') %}
    select cast('{{ stream }}' as varchar) as stream, {{ billit.stream_relation(stream) is not none }} as is_loaded
    {%- if not loop.last %} union all{% endif %}
    {%- endfor %}
),

loaded as (
    {%- for model in [
        'companies', 'order_index', 'order_rows', 'order_details', 'deleted_orders', 'parties', 'products', 'transactions'
    ] %}
    select company_id, stream, count(*) as loaded_rows, max(extracted_at) as extracted_at
    from {{ ref('stg_billit__' ~ model) }}
    group by company_id, stream
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    companies.company_id,
    companies.company_name,
    streams.stream,
    streams.is_loaded,
    cast(coalesce(loaded.loaded_rows, 0) as integer) as loaded_rows,
    loaded.extracted_at,
    {{ billit.as_of() }} as as_of
from {{ ref('int_billit__companies') }} as companies
cross join streams
left join loaded
    on companies.company_id = loaded.company_id and streams.stream = loaded.stream
