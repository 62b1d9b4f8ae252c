{%- set columns = {
    'company_id': ('CompanyID', 'bigint'),
    'party_id': ('PartyID', 'varchar'),
    'party_type': ('PartyType', 'varchar'),
    'vat_liable': ('VATLiable', 'boolean'),
    'name': ('Name', 'varchar'),
    'display_name': ('DisplayName', 'varchar'),
    'commercial_name': ('CommercialName', 'varchar'),
    'contact_first_name': ('ContactFirstName', 'varchar'),
    'contact_last_name': ('ContactLastName', 'varchar'),
    'email': ('Email', 'varchar'),
    'phone': ('Phone', 'varchar'),
    'mobile': ('Mobile', 'varchar'),
    'website': ('Website', 'varchar'),
    'vat': ('VATNumber', 'varchar'),
    'peppol_identifier': ('PeppolIdentifier', 'varchar'),
    'street': ('Street', 'varchar'),
    'street_number': ('StreetNumber', 'varchar'),
    'box': ('Box', 'varchar'),
    'zipcode': ('Zipcode', 'varchar'),
    'city': ('City', 'varchar'),
    'country_code': ('CountryCode', 'varchar'),
    'iban': ('IBAN', 'varchar'),
    'bic': ('BIC', 'varchar'),
    'currency': ('DefaultCurrencyTC', 'varchar'),
    'language': ('Language', 'varchar'),
    'default_expiry_offset': ('DefaultExpiryOffset', 'integer'),
    'number_in_books': ('Nr', 'varchar'),
    'external_provider_id': ('ExternalProviderID', 'varchar'),
    'gl_account_code': ('GLAccountCode', 'varchar'),
    'accountant_code': ('AccountantCode', 'varchar'),
    'created_at': ('Created', 'timestamp'),
    'last_modified_at': ('LastModified', 'timestamp'),
} -%}
{%- set arrays = {
    'addresses': ('Addresses', 'json'),
    'identifiers': ('Identifiers', 'json'),
    'bank_accounts': ('BankAccounts', 'json'),
} -%}

with source as (
    {{ billit.source_rows(['parties'], dict(columns, **arrays)) }}
),

identifiers as (
    {{ billit.elements('source', ['company_id', 'party_id'], 'identifiers') }}
),

-- the one that e-invoices go to first, else the first that has a scheme
electronic_addresses as (
    select
        company_id,
        party_id,
        concat((value ->> 'SchemeID'), ':', (value ->> 'Identifier')) as electronic_address,
        row_number() over (
            partition by company_id, party_id
            order by case when (value ->> 'Preferred') = 'true' then 1 else 2 end, place
        ) as place
    from identifiers
    where (value ->> 'SchemeID') <> '' and (value ->> 'Identifier') <> ''
),

numbers as (
    select
        company_id,
        party_id,
        min(case
            when (value ->> 'IdentifierType') = 'CBE' then {{ billit.text_of('value', 'Identifier') }}
        end) as company_number
    from identifiers
    group by company_id, party_id
),

addresses as (
    {{ billit.elements('source', ['company_id', 'party_id'], 'addresses') }}
),

invoice_addresses as (
    select
        company_id,
        party_id,
        value,
        row_number() over (partition by company_id, party_id order by place) as place
    from addresses
    where (value ->> 'AddressType') = 'InvoiceAddress'
)

select
    source.stream,
    {%- for name in columns if name not in ('street', 'street_number', 'box', 'zipcode', 'city', 'country_code', 'iban', 'bic') %}
    source.{{ name }},
    {%- endfor %}
    -- an address is one: its parts do not come from two
    {%- for name, key in {
        'street': 'Street', 'street_number': 'StreetNumber', 'box': 'Box', 'zipcode': 'Zipcode', 'city': 'City'
    }.items() %}
    case
        when coalesce(source.street, source.zipcode, source.city) is not null then source.{{ name }}
        else {{ billit.text_of('invoice_addresses.value', key) }}
    end as {{ name }},
    {%- endfor %}
    coalesce(
        source.country_code, {{ billit.text_of('invoice_addresses.value', 'CountryCode') }}
    ) as country_code,
    coalesce(source.iban, {{ billit.text_of('(source.bank_accounts -> 0)', 'IBAN') }}) as iban,
    case
        when source.iban is not null then source.bic
        else {{ billit.text_of('(source.bank_accounts -> 0)', 'BIC') }}
    end as bic,
    numbers.company_number,
    electronic_addresses.electronic_address,
    source.extracted_at
from source
left join numbers
    on source.company_id = numbers.company_id and source.party_id = numbers.party_id
left join electronic_addresses
    on source.company_id = electronic_addresses.company_id
    and source.party_id = electronic_addresses.party_id
    and electronic_addresses.place = 1
left join invoice_addresses
    on source.company_id = invoice_addresses.company_id
    and source.party_id = invoice_addresses.party_id
    and invoice_addresses.place = 1
