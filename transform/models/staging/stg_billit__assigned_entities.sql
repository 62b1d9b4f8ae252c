with transactions as (
    {{ billit.source_rows(['financial_transactions'], {
        'company_id': ('CompanyID', 'bigint'),
        'transaction_id': ('BankAccountTransactionID', 'bigint'),
        'assigned_entities': ('AssignedEntities', 'json'),
    }) }}
),

entities as (
    {{ billit.elements('transactions', ['company_id', 'transaction_id'], 'assigned_entities') }}
)

select
    company_id,
    transaction_id,
    place as entity_number,
    {{ billit.text_of('value', 'EntityType') }} as entity_type,
    {{ billit.text_of('value', 'EntityID', 'bigint') }} as entity_id,
    {{ billit.text_of('value', 'AssignedAmount', 'numeric(18, 2)') }} as assigned_amount
from entities
