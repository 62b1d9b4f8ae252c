{#- The index of all orders, whatever their type: who became an offer is seen only here. -#}
{{ billit.source_rows(['orders'], {
    'order_id': ('OrderID', 'bigint'),
    'company_id': ('CompanyID', 'bigint'),
    'order_direction': ('OrderDirection', 'varchar'),
    'order_type': ('OrderType', 'varchar'),
    'order_status': ('OrderStatus', 'varchar'),
    'last_modified_at': ('LastModified', 'timestamp'),
}) }}
