{{ billit.source_rows(['companies'], {
    'company_id': ('PartyID', 'bigint'),
    'company_name': ('Name', 'varchar'),
    'vat': ('VATNumber', 'varchar'),
    'currency': ('DefaultCurrencyTC', 'varchar'),
}) }}
