"""A stand-in for Billit's API: an account that runs on this machine.

What the account holds on 2026-10-01, with 900 live orders in three companies, as it comes:

================================  ====  ===========================================================
what                              many  how it shows
================================  ====  ===========================================================
sales invoices                     507  Income, Invoice
sales credit notes                  43  Income, CreditNote
supplier invoices                  244  Cost, Invoice
supplier credit notes               39  Cost, CreditNote
offers                              34  Income, Offer
order forms                         21  Income, OrderForm
delivery notes                      12  Income, DeliveryNote
of another kind than at first       28  OrderType changes, the OrderID stays (see below)
self-billing                        14  OrderSubType SelfBilling: ours (Cost), a customer's (Income)
refused                             17  OrderStatus Refused, ToPay 0: sales, purchases, offers
cancelled                           11  OrderStatus Canceled, ToPay 0: sales, order forms
credited                            67  OrderStatus Credited, ToPay 0; the note's AboutInvoiceNumber
without a due date                  29  no ExpiryDate, never Overdue
lines with a reduction              61  ReductionPercentage; UnitPriceExcl is before it
allowances                          46  AllowanceChargeIndicator false, a negative line with a Code
of them on one line                 18  LinkedOrderLineID, the same on both lines
charges                             52  AllowanceChargeIndicator true
in another currency                 97  FXRateToForeign is not 1; amount / rate is the company's
of the company in dollars          208  DefaultCurrencyTC USD: its books and its bank account
part paid                            9  0 < ToPay < TotalIncl, the first part on the bank account
paid in cash                        11  Contant, a PaidDate, nothing on the bank account
set off                            114  Other: an unpaid invoice and its credit note, without money
paid without a date                 15  Paid, neither PaidDate nor PaymentMethod
bank transactions                  797  in the company's currency, positive for what comes in
of them for several orders          32  two or three AssignedEntities of one party
of them for none                   111  AssignedEntities empty: costs, VAT, wages, the unexplained
of them not yet matched              3  empty today, assigned once somebody says what they paid
================================  ====  ===========================================================

Each day since July 2026 brings a web sale, which is paid the day after, and a draft invoice, which
becomes a credit note the day after and is deleted on the third. Now and then a purchase turns out
to be a credit note, a draft invoice goes out as an offer, or an offer becomes the invoice itself.

Billit knows of most payments when they happen. One in eleven is matched 2 to 90 days later, its
PaidDate is that of the bank; direct debits are known 5 to 30 days before their PaidDate.
What Billit's documentation leaves open is answered so: nothing is owed on what is refused,
cancelled or credited; AssignedAmount is positive, in the currency of the order.
"""

from tap_billit.demo.account import Account
from tap_billit.demo.dialect import Dialect
from tap_billit.demo.messages import Reply, Request
from tap_billit.demo.server import DemoServer

__all__ = ["Account", "DemoServer", "Dialect", "Reply", "Request"]
