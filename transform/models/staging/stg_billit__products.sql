{{ billit.source_rows(['products'], {
    'company_id': ('CompanyID', 'bigint'),
    'product_id': ('ProductID', 'varchar'),
    'product_code': ('Reference', 'varchar'),
    'product_name': ('Description', 'varchar'),
    'last_modified_at': ('LastModified', 'timestamp'),
}) }}
