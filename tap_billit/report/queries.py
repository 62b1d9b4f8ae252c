"""What is asked of the marts, in SQL that both engines understand. Each row names its company.

Days are literals that Python writes from dates, as the two drivers mark parameters differently.
"""

from __future__ import annotations

AS_OF = "select max(as_of) as as_of from {marts}.billit__coverage"

COMPANIES = """
    select
        coverage.company_id,
        min(coverage.company_name) as name,
        max(coverage.extracted_at) as read_at,
        min(currencies.currency) as currency
    from {marts}.billit__coverage as coverage
    left join (
        select company_id, company_currency as currency from {marts}.billit__invoices
        union select company_id, company_currency from {marts}.billit__cash_flow
        union select company_id, company_currency from {marts}.billit__contacts
    ) as currencies on coverage.company_id = currencies.company_id
    group by coverage.company_id
    order by lower(min(coverage.company_name)), coverage.company_id
"""

OPEN = """
    select
        company_id, side, bucket,
        coalesce(sum(company_open_amount), 0) as amount,
        coalesce(sum(
            case when company_open_amount > 0 and days_overdue > 0 then company_open_amount end
        ), 0) as late
    from {marts}.billit__open_items
    group by company_id, side, bucket
"""

UNCONVERTED = """
    select company_id, side, currency, count(*) as items, sum(open_amount) as amount
    from {marts}.billit__open_items
    where company_open_amount is null
    group by company_id, side, currency
    order by company_id, side, currency
"""

CASH = """
    select
        company_id, week_start, kind, sum(money_in) as money_in, sum(money_out) as money_out,
        sum(net) as net, sum(unconverted) as unconverted
    from {marts}.billit__cash_flow
    where week_start >= date '{since}'
    group by company_id, week_start, kind
    order by company_id, week_start, kind
"""

AGEING = """
    select company_id, as_of, bucket, sum(company_open_amount) as amount
    from {marts}.billit__ageing_monthly
    where side = 'receivable' and as_of >= date '{since}'
    group by company_id, as_of, bucket
    order by company_id, as_of
"""

TRADE = """
    select
        company_id, cast(date_trunc('month', invoice_date) as date) as month_start,
        case when invoice_type like 'customer%' then 'sales' else 'purchases' end as side,
        coalesce(sum(company_untaxed_amount), 0) as amount,
        count(*) - count(company_untaxed_amount) as unconverted
    from {marts}.billit__invoices
    where is_posted and invoice_date >= date '{since}' and invoice_date <= date '{as_of}'
    group by 1, 2, 3
"""

VAT = """
    select
        company_id, cast(date_trunc('quarter', invoice_date) as date) as quarter_start,
        tax_rate, tax_category,
        case when invoice_type like 'customer%' then 'sales' else 'purchases' end as side,
        coalesce(sum(company_untaxed_amount), 0) as untaxed_amount,
        coalesce(sum(company_tax_amount), 0) as tax_amount
    from {marts}.billit__invoice_vat
    where is_posted and invoice_date >= date '{since}' and invoice_date <= date '{as_of}'
    group by 1, 2, 3, 4, 5
    order by 1, 2 desc, 3 desc, 4, 5
"""

DETAILS = """
    select
        company_id, count(*) as invoices,
        sum(case when has_details then 0 else 1 end) as without_details,
        max(last_modified_at) as changed_at
    from {marts}.billit__invoices
    where is_posted
    group by company_id
"""

LATE = """
    with overdue as (
        select
            company_id, partner_id, min(partner_name) as name, sum(company_open_amount) as amount,
            max(days_overdue) as days, max(reminders_sent) as reminders
        from {marts}.billit__open_items
        where side = 'receivable' and days_overdue > 0 and open_amount > 0
        group by company_id, partner_id, case when partner_id is null then partner_name end
    ),

    customers as (
        select company_id, contact_id, company_name, average_days_late
        from {marts}.billit__contacts
        where is_customer
    ),

    late as (
        select
            coalesce(overdue.company_id, customers.company_id) as company_id,
            coalesce(customers.company_name, overdue.name) as name,
            customers.average_days_late,
            coalesce(overdue.amount, 0) as overdue_amount,
            overdue.days,
            overdue.reminders
        from customers
        full join overdue
            on customers.company_id = overdue.company_id
            and customers.contact_id = overdue.partner_id
        where overdue.amount > 0 or customers.average_days_late > 0
    ),

    placed as (
        select
            *, count(*) over (partition by company_id) as of_all,
            row_number() over (
                partition by company_id
                order by overdue_amount desc, average_days_late desc nulls last, name
            ) as place
        from late
    )

    select * from placed where place <= {rows} order by company_id, place
"""

TO_PAY = """
    select * from (
        select
            *, count(*) over (partition by company_id) as of_all,
            row_number() over (partition by company_id order by due_date, invoice_id) as place
        from {marts}.billit__open_items
        where side = 'payable' and open_amount > 0 and coalesce(days_overdue, 0) <= 90
    ) as placed
    where place <= {rows}
    order by company_id, place
"""

NOT_TO_PAY = """
    select
        company_id, case when open_amount < 0 then 'credit' else 'old' end as kind, currency,
        abs(sum(open_amount)) as amount
    from {marts}.billit__open_items
    where side = 'payable' and (open_amount < 0 or days_overdue > 90)
    group by 1, 2, 3
    order by 1, 2, 3
"""

COVERAGE = """
    select company_id, stream, is_loaded, loaded_rows, extracted_at
    from {marts}.billit__coverage
"""
