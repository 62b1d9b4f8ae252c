-- Billit's own figures: the VAT groups of an invoice are its totals.
{{ config(severity='warn') }}

select invoices.invoice_id, invoices.tax_amount, sum(groups.tax_amount) as of_groups
from {{ ref('billit__invoices') }} as invoices
inner join {{ ref('billit__invoice_vat') }} as groups
    on invoices.invoice_id = groups.invoice_id
where invoices.details_are_current
group by invoices.invoice_id, invoices.untaxed_amount, invoices.tax_amount, invoices.total
having sum(groups.tax_amount) <> invoices.tax_amount
    or sum(groups.untaxed_amount) <> invoices.untaxed_amount
    or sum(groups.total) <> invoices.total
