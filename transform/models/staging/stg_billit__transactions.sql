{{ config(
    materialized='incremental',
    pre_hook="{{ billit.delete_changed_rows(['financial_transactions'], billit.transaction_key()) }}",
) }}
{{ billit.changed_rows(['financial_transactions'], billit.transaction_key(), {
    'iban': ('IBAN', 'varchar'),
    'bank_account_id': ('BankAccountID', 'bigint'),
    'iban_counter_party': ('IBANCounterParty', 'varchar'),
    'name_counter_party': ('NameCounterParty', 'varchar'),
    'total_amount': ('TotalAmount', 'numeric(18, 2)'),
    'currency': ('Currency', 'varchar'),
    'value_date': ('ValueDate', 'date'),
    'description': ('Description', 'varchar'),
}) }}
