-- A payment in another currency, by the invoice's rate, is about what the bank booked. If most of
-- them fail, `billit_exchange` is the wrong way round for this account.
{{ config(severity='warn') }}

with single as (
    select
        *,
        count(*) over (partition by company_id, transaction_id) as parts
    from {{ ref('billit__payments') }}
    where kind = 'bank'
)

select payment_id, currency, amount, company_amount, transaction_amount
from single
where parts = 1
    and currency <> company_currency
    and transaction_currency = company_currency
    and abs(abs(company_amount) - abs(transaction_amount)) > 0.1 * abs(transaction_amount)
