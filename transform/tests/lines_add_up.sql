-- Billit's own figures: the lines of an invoice are its total without VAT.
{{ config(severity='warn') }}

select invoices.invoice_id, invoices.untaxed_amount, sum(lines.untaxed_amount) as of_lines
from {{ ref('billit__invoices') }} as invoices
inner join {{ ref('billit__invoice_lines') }} as lines
    on invoices.invoice_id = lines.invoice_id
where invoices.details_are_current
group by invoices.invoice_id, invoices.untaxed_amount
having sum(lines.untaxed_amount) <> invoices.untaxed_amount
