{{ billit.source_rows(['financial_transactions'], {
    'company_id': ('CompanyID', 'bigint'),
    'transaction_id': ('BankAccountTransactionID', 'bigint'),
    'iban': ('IBAN', 'varchar'),
    'bank_account_id': ('BankAccountID', 'bigint'),
    'iban_counter_party': ('IBANCounterParty', 'varchar'),
    'name_counter_party': ('NameCounterParty', 'varchar'),
    'total_amount': ('TotalAmount', 'numeric(18, 2)'),
    'currency': ('Currency', 'varchar'),
    'value_date': ('ValueDate', 'date'),
    'description': ('Description', 'varchar'),
}) }}
