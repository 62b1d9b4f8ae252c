with seen_only_in_orders as (
    select
        orders.*,
        row_number() over (
            partition by orders.company_id, orders.partner_id
            order by orders.last_modified_at desc nulls last, orders.order_id desc
        ) as place
    from {{ ref('int_billit__orders') }} as orders
    left join {{ ref('stg_billit__parties') }} as parties
        on orders.company_id = parties.company_id and orders.partner_id = parties.party_id
    where parties.party_id is null and orders.partner_id is not null and not orders.is_deleted
),

known as (
    select
        company_id,
        party_id as contact_id,
        true as is_in_parties,
        party_type,
        vat_liable,
        coalesce(name, display_name) as company_name,
        commercial_name as trading_name,
        contact_first_name as first_name,
        contact_last_name as last_name,
        email,
        phone,
        mobile,
        website,
        vat,
        company_number,
        coalesce(peppol_identifier, electronic_address) as peppol_id,
        street,
        street_number as number,
        box,
        zipcode as postal_code,
        city,
        country_code as country,
        iban,
        bic,
        currency,
        language,
        default_expiry_offset as payment_days,
        coalesce(number_in_books, external_provider_id) as external_reference,
        coalesce(gl_account_code, accountant_code) as ledger_account,
        created_at,
        last_modified_at
    from {{ ref('stg_billit__parties') }}
    union all
    select
        orders.company_id,
        orders.partner_id as contact_id,
        false as is_in_parties,
        null as party_type,
        orders.partner_vat_liable as vat_liable,
        orders.partner_name as company_name,
        null as trading_name,
        null as first_name,
        null as last_name,
        orders.partner_email as email,
        null as phone,
        null as mobile,
        null as website,
        orders.partner_vat as vat,
        null as company_number,
        null as peppol_id,
        orders.partner_street as street,
        orders.partner_number as number,
        orders.partner_box as box,
        orders.partner_postal_code as postal_code,
        orders.partner_city as city,
        orders.partner_country as country,
        orders.partner_iban as iban,
        orders.partner_bic as bic,
        null as currency,
        null as language,
        null as payment_days,
        null as external_reference,
        null as ledger_account,
        null as created_at,
        null as last_modified_at
    from seen_only_in_orders as orders
    where orders.place = 1
),

traded as (
    select
        company_id,
        partner_id,
        max(case when invoice_type like 'customer%' then 1 else 0 end) = 1 as was_customer,
        max(case when invoice_type like 'supplier%' then 1 else 0 end) = 1 as was_supplier,
        sum(case when is_posted and invoice_type like 'customer%' then company_untaxed_amount end) as sold_amount,
        sum(case when is_posted and invoice_type like 'supplier%' then company_untaxed_amount end) as bought_amount,
        sum(case when is_posted and invoice_type like 'customer%' then company_outstanding_amount end)
            as open_receivable_amount,
        sum(case when is_posted and invoice_type like 'supplier%' then company_outstanding_amount end)
            as open_payable_amount,
        -- a credited invoice was not paid, nor is one on a day to come; a part payment does not end it
        sum(case when is_settled then paid_date - due_date end) as days_late,
        count(case when is_settled then invoice_id end) as settled
    from (
        select
            *,
            status = 'paid' and billit_status <> 'Credited' and sign = 1 and paid_date <= {{ billit.as_of() }}
                as is_settled
        from {{ ref('billit__invoices') }}
    ) as invoices
    group by company_id, partner_id
)

select
    known.company_id,
    known.contact_id,
    coalesce(traded.was_customer, false) or coalesce(known.party_type = 'Customer', false) as is_customer,
    coalesce(traded.was_supplier, false) or coalesce(known.party_type = 'Supplier', false) as is_supplier,
    coalesce(known.vat_liable, known.vat is not null) as is_company,
    known.company_name,
    cast(known.trading_name as varchar) as trading_name,
    cast(known.first_name as varchar) as first_name,
    cast(known.last_name as varchar) as last_name,
    known.email,
    cast(known.phone as varchar) as phone,
    cast(known.mobile as varchar) as mobile,
    cast(known.website as varchar) as website,
    known.vat,
    cast(known.company_number as varchar) as company_number,
    cast(known.peppol_id as varchar) as peppol_id,
    known.street,
    known.number,
    known.box,
    known.postal_code,
    known.city,
    known.country,
    known.iban,
    known.bic,
    cast(known.currency as varchar) as currency,
    cast(known.language as varchar) as language,
    cast(known.payment_days as integer) as payment_days,
    cast(known.external_reference as varchar) as external_reference,
    cast(known.ledger_account as varchar) as ledger_account,
    companies.company_currency,
    cast(coalesce(traded.sold_amount, 0) as numeric(18, 2)) as sold_amount,
    cast(coalesce(traded.bought_amount, 0) as numeric(18, 2)) as bought_amount,
    cast(coalesce(traded.open_receivable_amount, 0) as numeric(18, 2)) as open_receivable_amount,
    cast(coalesce(traded.open_payable_amount, 0) as numeric(18, 2)) as open_payable_amount,
    cast(
        coalesce(traded.open_receivable_amount, 0) - coalesce(traded.open_payable_amount, 0) as numeric(18, 2)
    ) as open_amount,
    cast({{ billit.ratio('traded.days_late', 'traded.settled', 1) }} as numeric(18, 1)) as average_days_late,
    known.is_in_parties,
    cast(known.created_at as timestamp) as created_at,
    cast(known.last_modified_at as timestamp) as last_modified_at
from known
inner join {{ ref('int_billit__companies') }} as companies
    on known.company_id = companies.company_id
left join traded
    on known.company_id = traded.company_id and known.contact_id = traded.partner_id
