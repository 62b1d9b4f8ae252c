{{ config(
    materialized='incremental',
    pre_hook="{{ billit.delete_changed(ref('int_billit__invoice_context'), ['invoice_id']) }}",
) }}
with changed as (
    select *
    from {{ ref('int_billit__invoice_context') }} as present
    where {{ billit.unless_kept({'invoice_id': 'present.invoice_id'}) }}
),

orders as (
    select
        *,
        coalesce(
            order_date, cast(created_at as date), cast(last_modified_at as date), cast(extracted_at as date)
        ) as invoice_date,
        case when order_type = 'CreditNote' then -1 else 1 end as sign
    from {{ ref('int_billit__orders') }}
),

signed as (
    select
        orders.*,
        changed.version as invoice_version,
        changed.company_name,
        changed.company_currency,
        changed.status_of_order,
        changed.party_iban,
        changed.party_bic,
        changed.credited_invoice_id,
        coalesce(orders.currency, changed.company_currency) as document_currency,
        cast(orders.sign * orders.total_excl as numeric(18, 2)) as untaxed_amount,
        cast(orders.sign * orders.total_vat as numeric(18, 2)) as tax_amount,
        cast(orders.sign * orders.total_incl as numeric(18, 2)) as total,
        cast(orders.sign * coalesce(
            orders.to_pay, case when orders.paid then 0 else orders.total_incl end
        ) as numeric(18, 2)) as outstanding_amount
    from changed
    inner join orders
        on changed.invoice_id = orders.order_id
),

in_company_currency as (
    select
        *,
        {{ billit.converted('total', 'document_currency', 'company_currency', 'exchange_rate') }} as company_total,
        {{ billit.converted('tax_amount', 'document_currency', 'company_currency', 'exchange_rate') }} as company_tax_amount,
        {{ billit.converted('untaxed_amount', 'document_currency', 'company_currency', 'exchange_rate') }}
            as converted_untaxed_amount,
        {{ billit.converted('outstanding_amount', 'document_currency', 'company_currency', 'exchange_rate') }}
            as company_outstanding_amount
    from signed
)

select
    invoices.order_id as invoice_id,
    invoices.company_id,
    invoices.company_name,
    cast(
        case when invoices.order_direction = 'Cost' then 'supplier_' else 'customer_' end
        || case when invoices.sign = -1 then 'refund' else 'invoice' end as varchar
    ) as invoice_type,
    cast(case
        when invoices.order_sub_type = 'SelfBilling' and invoices.sign = -1 then '261'
        when invoices.order_sub_type = 'SelfBilling' then '389'
        when invoices.sign = -1 then '381'
        else '380'
    end as varchar) as type_code,
    cast(invoices.sign as integer) as sign,
    invoices.order_number as invoice_number,
    invoices.invoice_date,
    coalesce(invoices.expiry_date, invoices.invoice_date) as due_date,
    invoices.tax_point_date,
    invoices.delivery_date,
    invoices.period_from,
    invoices.period_till,
    cast(case
        when invoices.status_of_order = 'posted' and invoices.paid then 'paid'
        else invoices.status_of_order
    end as varchar) as status,
    invoices.order_status as billit_status,
    cast(case
        when invoices.approval_status in ('Pending', 'ToApproveByMe') then 'pending'
        else lower(invoices.approval_status)
    end as varchar) as approval_status,
    invoices.status_of_order not in ('draft', 'cancelled') as is_posted,
    coalesce(invoices.paid, false) as is_paid,
    invoices.is_sent,
    invoices.partner_id,
    invoices.partner_name,
    invoices.partner_vat,
    invoices.partner_country,
    invoices.document_currency as currency,
    invoices.untaxed_amount,
    invoices.tax_amount,
    invoices.total,
    cast(invoices.total - invoices.outstanding_amount as numeric(18, 2)) as paid_amount,
    invoices.outstanding_amount,
    invoices.company_currency,
    invoices.exchange_rate,
    -- so that the three add up
    cast(
        coalesce(invoices.company_total - invoices.company_tax_amount, invoices.converted_untaxed_amount)
        as numeric(18, 2)
    ) as company_untaxed_amount,
    invoices.company_tax_amount,
    invoices.company_total,
    invoices.company_outstanding_amount,
    invoices.paid_date,
    invoices.payment_method,
    invoices.payment_reference as payment_communication,
    coalesce(invoices.iban, invoices.party_iban, invoices.partner_iban) as iban,
    case
        when invoices.iban is not null then invoices.bic
        when invoices.party_iban is not null then invoices.party_bic
        else invoices.partner_bic
    end as bic,
    invoices.payment_terms,
    invoices.payment_discount_percentage,
    invoices.payment_discount_amount,
    invoices.payment_discount_date,
    invoices.reference,
    invoices.about_invoice_number as credited_invoice_number,
    invoices.credited_invoice_id,
    invoices.project_name as project,
    invoices.contract,
    invoices.order_title as title,
    invoices.comments as note,
    invoices.account_code,
    invoices.analytic_cost_center as cost_center,
    invoices.analytic_cost_bearer as cost_bearer,
    invoices.ventilation_code,
    invoices.reminders_sent,
    invoices.last_reminder_at,
    invoices.is_delivered,
    invoices.pdf_file_id,
    invoices.has_details,
    invoices.details_are_current,
    invoices.created_at,
    invoices.last_modified_at,
    invoices.extracted_at,
    invoices.invoice_version as version
from in_company_currency as invoices
