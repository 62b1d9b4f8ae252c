-- The weeks add up to the transactions up to the day that is asked of, where all are in the company's currency.
with weeks as (
    select company_id, sum(net) as amount
    from {{ ref('billit__cash_flow') }}
    where source = 'bank'
    group by company_id
),

transactions as (
    select
        transactions.company_id,
        sum(transactions.total_amount) as amount,
        max(case when transactions.currency <> companies.company_currency then 1 else 0 end) as has_other_currencies
    from {{ ref('stg_billit__transactions') }} as transactions
    inner join {{ ref('int_billit__companies') }} as companies
        on transactions.company_id = companies.company_id
    where transactions.value_date <= {{ billit.as_of() }}
    group by transactions.company_id
)

select transactions.company_id, transactions.amount, weeks.amount as in_weeks
from transactions
left join weeks
    on transactions.company_id = weeks.company_id
where transactions.has_other_currencies = 0
    and transactions.amount <> coalesce(weeks.amount, 0)
