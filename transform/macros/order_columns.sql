{#- What tells orders apart, and transactions. -#}
{% macro order_key() %}{{ return({'order_id': ('OrderID', 'bigint')}) }}{% endmacro %}

{% macro transaction_key() %}
    {{ return({
        'company_id': ('CompanyID', 'bigint'),
        'transaction_id': ('BankAccountTransactionID', 'bigint'),
    }) }}
{% endmacro %}

{#- What both rows and details have: Billit's property and its type, by the column's name. -#}
{% macro order_columns() %}
    {{ return({
        'order_id': ('OrderID', 'bigint'),
        'company_id': ('CompanyID', 'bigint'),
        'order_direction': ('OrderDirection', 'varchar'),
        'order_type': ('OrderType', 'varchar'),
        'order_sub_type': ('OrderSubType', 'varchar'),
        'order_number': ('OrderNumber', 'varchar'),
        'order_date': ('OrderDate', 'date'),
        'expiry_date': ('ExpiryDate', 'date'),
        'delivery_date': ('DeliveryDate', 'date'),
        'order_status': ('OrderStatus', 'varchar'),
        'approval_status': ('ApprovalStatus', 'varchar'),
        'paid': ('Paid', 'boolean'),
        'paid_date': ('PaidDate', 'date'),
        'is_sent': ('IsSent', 'boolean'),
        'currency': ('Currency', 'varchar'),
        'exchange_rate': ('FXRateToForeign', 'numeric(28, 10)'),
        'total_excl': ('TotalExcl', 'numeric(18, 2)'),
        'total_vat': ('TotalVAT', 'numeric(18, 2)'),
        'total_incl': ('TotalIncl', 'numeric(18, 2)'),
        'to_pay': ('ToPay', 'numeric(18, 2)'),
        'payment_method': ('PaymentMethod', 'varchar'),
        'payment_reference': ('PaymentReference', 'varchar'),
        'reference': ('Reference', 'varchar'),
        'about_invoice_number': ('AboutInvoiceNumber', 'varchar'),
        'order_title': ('OrderTitle', 'varchar'),
        'reminders_sent': ('RemindersSent', 'integer'),
        'last_reminder_at': ('LastReminder', 'timestamp'),
        'created_at': ('Created', 'timestamp'),
        'last_modified_at': ('LastModified', 'timestamp'),
    }) }}
{% endmacro %}

{#- The same for what rows and details have as objects. -#}
{% macro order_objects() %}
    {{ return({
        'counter_party': ('CounterParty', 'json'),
        'order_pdf': ('OrderPDF', 'json'),
        'delivery': ('CurrentDocumentDeliveryDetails', 'json'),
    }) }}
{% endmacro %}

{#- What is read from those objects, as a select list. -#}
{% macro order_object_columns() %}
    {{ billit.text_of('counter_party', 'PartyID') }} as partner_id,
    coalesce(
        {{ billit.text_of('counter_party', 'Name') }}, {{ billit.text_of('counter_party', 'DisplayName') }}
    ) as partner_name,
    {{ billit.text_of('counter_party', 'VATNumber') }} as partner_vat,
    {{ billit.text_of('counter_party', 'CountryCode') }} as partner_country,
    {{ billit.text_of('counter_party', 'Street') }} as partner_street,
    {{ billit.text_of('counter_party', 'StreetNumber') }} as partner_number,
    {{ billit.text_of('counter_party', 'Box') }} as partner_box,
    {{ billit.text_of('counter_party', 'Zipcode') }} as partner_postal_code,
    {{ billit.text_of('counter_party', 'City') }} as partner_city,
    {{ billit.text_of('counter_party', 'Email') }} as partner_email,
    {{ billit.text_of('counter_party', 'IBAN') }} as partner_iban,
    {{ billit.text_of('counter_party', 'BIC') }} as partner_bic,
    {{ billit.text_of('counter_party', 'VATLiable', 'boolean') }} as partner_vat_liable,
    {{ billit.text_of('order_pdf', 'FileID') }} as pdf_file_id,
    {{ billit.text_of('delivery', 'IsDocumentDelivered', 'boolean') }} as is_delivered
{% endmacro %}

{#- The names of the columns that rows and details share. -#}
{% macro order_column_names() %}
    {{ return((billit.order_columns().keys() | list) + [
        'partner_id', 'partner_name', 'partner_vat', 'partner_country', 'partner_street', 'partner_number',
        'partner_box', 'partner_postal_code', 'partner_city', 'partner_email', 'partner_iban', 'partner_bic',
        'partner_vat_liable', 'pdf_file_id', 'is_delivered', 'stream', 'extracted_at',
    ]) }}
{% endmacro %}

{% macro row_streams() %}
    {{ return(['sales_invoices', 'sales_credit_notes', 'supplier_invoices', 'supplier_credit_notes']) }}
{% endmacro %}

{% macro detail_streams() %}
    {{ return([
        'sales_invoice_details', 'sales_credit_note_details',
        'supplier_invoice_details', 'supplier_credit_note_details',
    ]) }}
{% endmacro %}
