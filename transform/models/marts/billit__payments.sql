{#- What settled the invoices: bank transactions, then what Billit counts as paid beyond them. -#}
with assignments as (
    select
        transactions.company_id,
        transactions.transaction_id,
        transactions.value_date,
        transactions.total_amount,
        transactions.currency as transaction_currency,
        entities.entity_number,
        entities.entity_id as order_id,
        abs(entities.assigned_amount) as assigned_amount,
        -- money comes in for a sale and for what a supplier gives back
        case
            when orders.order_direction = 'Cost' and orders.order_type = 'CreditNote' then 1
            when orders.order_direction = 'Cost' or orders.order_type = 'CreditNote' then -1
            else 1
        end as direction
    from {{ ref('stg_billit__assigned_entities') }} as entities
    inner join {{ ref('stg_billit__transactions') }} as transactions
        on entities.company_id = transactions.company_id
        and entities.transaction_id = transactions.transaction_id
    inner join {{ ref('int_billit__orders') }} as orders
        on entities.entity_id = orders.order_id
        and entities.company_id = orders.company_id
    where entities.entity_type = 'Order'
),

-- Money that goes the other way than all orders of its transaction, deleted ones too, gives a payment
-- back; where some go its way, or no money moves, the others are set off.
directed as (
    select
        *,
        case
            when max(direction * total_amount) over (partition by company_id, transaction_id) < 0 then -1
            else 1
        end as way
    from assignments
),

bank as (
    select
        invoices.*,
        directed.transaction_id,
        directed.entity_number,
        directed.value_date,
        directed.total_amount,
        directed.transaction_currency,
        invoices.sign * directed.way * directed.assigned_amount as amount
    from directed
    inner join {{ ref('billit__invoices') }} as invoices
        on directed.order_id = invoices.invoice_id
),

banked as (
    select
        invoice_id,
        sum(amount) as amount
    from bank
    group by invoice_id
),

otherwise as (
    select
        invoices.*,
        invoices.paid_amount - coalesce(banked.amount, 0) as amount,
        -- an invoice that was credited and its credit note are set off: no money moves
        coalesce('Credited' in (invoices.billit_status, credited.billit_status), false) as is_set_off
    from {{ ref('billit__invoices') }} as invoices
    left join banked
        on invoices.invoice_id = banked.invoice_id
    left join {{ ref('billit__invoices') }} as credited
        on invoices.credited_invoice_id = credited.invoice_id
    where invoices.is_posted
        and invoices.paid_amount <> coalesce(banked.amount, 0)
),

payments as (
    select
        concat('bank-', company_id, '-', transaction_id, '-', entity_number) as payment_id,
        'bank' as kind,
        company_id,
        company_name,
        invoice_id,
        invoice_type,
        transaction_id,
        partner_id,
        partner_name,
        coalesce(value_date, invoice_date) as payment_date,
        amount,
        currency,
        company_currency,
        exchange_rate,
        total_amount as transaction_amount,
        transaction_currency
    from bank
    union all
    select
        concat('order-', invoice_id) as payment_id,
        case when is_set_off then 'credit_note' else 'declared' end as kind,
        company_id,
        company_name,
        invoice_id,
        invoice_type,
        null as transaction_id,
        partner_id,
        partner_name,
        coalesce(paid_date, cast(last_modified_at as date), invoice_date) as payment_date,
        amount,
        currency,
        company_currency,
        exchange_rate,
        null as transaction_amount,
        null as transaction_currency
    from otherwise
)

select
    cast(payment_id as varchar) as payment_id,
    cast(kind as varchar) as kind,
    company_id,
    company_name,
    invoice_id,
    invoice_type,
    cast(transaction_id as bigint) as transaction_id,
    partner_id,
    partner_name,
    payment_date,
    cast(amount as numeric(18, 2)) as amount,
    currency,
    {{ billit.converted('amount', 'currency', 'company_currency', 'exchange_rate') }} as company_amount,
    company_currency,
    cast(transaction_amount as numeric(18, 2)) as transaction_amount,
    cast(transaction_currency as varchar) as transaction_currency
from payments
