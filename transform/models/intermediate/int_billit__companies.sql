{#- Every company that anything belongs to, whether or not `companies` is loaded. -#}
with mentioned as (
    select company_id from {{ ref('stg_billit__companies') }}
    union
    select company_id from {{ ref('stg_billit__order_rows') }}
    union
    select company_id from {{ ref('stg_billit__order_details') }}
    union
    select company_id from {{ ref('stg_billit__order_index') }}
    union
    select company_id from {{ ref('stg_billit__deleted_orders') }}
    union
    select company_id from {{ ref('stg_billit__parties') }}
    union
    select company_id from {{ ref('stg_billit__products') }}
    union
    select company_id from {{ ref('stg_billit__transactions') }}
)

select
    mentioned.company_id,
    coalesce(companies.company_name, cast(mentioned.company_id as varchar)) as company_name,
    companies.vat as company_vat,
    coalesce(
        companies.currency, cast('{{ var("billit_default_currency") }}' as varchar)
    ) as company_currency
from mentioned
left join {{ ref('stg_billit__companies') }} as companies
    on mentioned.company_id = companies.company_id
where mentioned.company_id is not null
