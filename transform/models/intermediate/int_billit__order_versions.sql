{{ config(post_hook='analyze {{ this }}') }}
{#- One row for each order that was loaded, with a version that changes whenever one of its copies is
    read again, comes or goes. It is analyzed at once: PostgreSQL has joined 100,000 orders row by row
    for minutes where it knew the size of the others only. -#}
with copies as (
    {%- for model in ['order_rows', 'order_details', 'order_index', 'deleted_orders'] %}
    select
        order_id,
        {{ model in ['order_rows', 'order_details'] }} as has_state,
        {{ billit.fingerprint(['stream', 'extracted_at']) }} as copy_version
    from {{ ref('stg_billit__' ~ model) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    order_id,
    cast(sum(copy_version) as varchar) as version
from copies
group by order_id
having bool_or(has_state)
