{%- set as_of = billit.as_of() -%}

with items as (
    select
        invoices.*,
        balances.open_amount,
        {{ as_of }} - invoices.due_date as days_overdue
    from {{ ref('billit__invoices') }} as invoices
    inner join {{ ref('int_billit__balances') }} as balances
        on invoices.invoice_id = balances.invoice_id
        and balances.valid_from <= {{ as_of }}
        and (balances.valid_until > {{ as_of }} or balances.valid_until is null)
)

select
    {{ as_of }} as as_of,
    invoice_id,
    company_id,
    company_name,
    {{ billit.side('invoice_type') }} as side,
    invoice_type,
    invoice_number,
    invoice_date,
    due_date,
    cast(days_overdue as integer) as days_overdue,
    {{ billit.ageing_bucket('days_overdue') }} as bucket,
    approval_status,
    partner_id,
    partner_name,
    partner_vat,
    total,
    open_amount,
    currency,
    {{ billit.converted('open_amount', 'currency', 'company_currency', 'exchange_rate') }} as company_open_amount,
    company_currency,
    iban,
    bic,
    payment_communication,
    payment_method,
    payment_discount_percentage,
    payment_discount_date,
    reminders_sent,
    last_reminder_at
from items
