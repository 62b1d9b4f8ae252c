{{ config(materialized='incremental', pre_hook="{{ billit.delete_changed_rows(billit.detail_streams(), billit.order_key()) }}") }}
{%- set details = {
    'tax_point_date': ('TaxPointDate', 'date'),
    'period_from': ('PeriodFrom', 'date'),
    'period_till': ('PeriodTill', 'date'),
    'iban': ('IBAN', 'varchar'),
    'bic': ('BIC', 'varchar'),
    'payment_terms': ('PaymentTerms', 'varchar'),
    'payment_discount_percentage': ('PaymentDiscountPercentage', 'numeric(28, 6)'),
    'payment_discount_amount': ('PaymentDiscountAmount', 'numeric(18, 2)'),
    'payment_discount_date': ('PaymentDiscountDate', 'date'),
    'project_name': ('ProjectName', 'varchar'),
    'comments': ('Comments', 'varchar'),
    'account_code': ('AccountCode', 'varchar'),
    'analytic_cost_center': ('AnalyticCostCenter', 'varchar'),
    'analytic_cost_bearer': ('AnalyticCostBearer', 'varchar'),
    'ventilation_code': ('VentilationCode', 'varchar'),
} -%}
{%- set objects = dict(billit.order_objects(), contracts=('ContractDocumentReference', 'json')) -%}
{%- set columns = dict(billit.order_columns(), **details) -%}

with changed as (
    {{ billit.changed_rows(billit.detail_streams(), billit.order_key(), dict(columns, **objects)) }}
)

select
    stream,
    {{ columns.keys() | join(',\n    ') }},
    {{ billit.order_object_columns() }},
    {{ billit.text_of('(contracts -> 0)', 'ID') }} as contract,
    extracted_at
from changed
