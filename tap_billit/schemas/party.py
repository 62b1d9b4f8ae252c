"""Customers and suppliers, after Billit's Swagger v1 and documented payloads."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_billit.schemas.party_parts import ADDRESS, BANK_ACCOUNT, CUSTOM_FIELD, IDENTIFIER, USER
from tap_billit.schemas.shared import COMPANY_ID, OTHER

PARTY_PROPERTIES = (
    th.Property(
        "PartyID",
        th.IntegerType,
        description="Key of the party in Billit; for one's own company also its CompanyID",
    ),
    th.Property(
        "BookYearStart", th.DateTimeType, description="First day of the book year, at midnight"
    ),
    th.Property(
        "Nr", th.StringType, description="Customer or supplier number in the company's own books"
    ),
    th.Property(
        "Name",
        th.StringType,
        description="Legal name; order rows leave it out and give DisplayName",
    ),
    th.Property(
        "CommercialName",
        th.StringType,
        description="Trading name, where it differs from the legal one",
    ),
    th.Property(
        "Addresses",
        th.ArrayType(ADDRESS),
        description="Invoice and delivery addresses; empty in order rows",
    ),
    th.Property("Street", th.StringType, description="Street of the main address"),
    th.Property("StreetNumber", th.StringType, description="House number of the main address"),
    th.Property("Box", th.StringType, description="Box or unit of the main address"),
    th.Property(
        "Zipcode",
        th.StringType,
        description="Postal code of the main address; absent from order rows",
    ),
    th.Property(
        "CostCategoryCode",
        th.IntegerType,
        description="Cost category booked by default, as a ledger account number",
    ),
    th.Property(
        "AccountingCostTypeName",
        th.StringType,
        description="Kind of cost booked by default, such as GoodsForReSale or Investments",
    ),
    th.Property("City", th.StringType, description="Town or city of the main address"),
    th.Property(
        "CountryCode", th.StringType, description="Country of the main address, ISO 3166-1 alpha-2"
    ),
    th.Property(
        "IBAN", th.StringType, description="Main bank account; for a supplier the one to pay to"
    ),
    th.Property(
        "BIC", th.StringType, description="Bank identifier (SWIFT code) of the main account"
    ),
    th.Property("Mobile", th.StringType, description="Mobile number"),
    th.Property("Phone", th.StringType, description="Telephone number"),
    th.Property("Fax", th.StringType, description="Fax number"),
    th.Property("Email", th.StringType, description="E-mail address"),
    th.Property("Website", th.StringType, description="Web address"),
    th.Property("Contact", th.StringType, description="Contact person, full name"),
    th.Property("ContactFirstName", th.StringType, description="Given name of the contact person"),
    th.Property("ContactLastName", th.StringType, description="Family name of the contact person"),
    th.Property("VATNumber", th.StringType, description="VAT number with its country prefix"),
    th.Property("PeppolIdentifier", th.StringType, description="Address on the Peppol network"),
    th.Property(
        "RPR",
        th.StringType,
        description="Entry in the Belgian register of legal persons, usually the court district",
    ),
    th.Property(
        "LastModified",
        th.DateTimeType,
        description="Last change of the party: naive Brussels local time, no offset",
    ),
    th.Property(
        "Created",
        th.DateTimeType,
        description="Creation in Billit: naive Brussels local time, no offset",
    ),
    th.Property(
        "PartyType",
        th.StringType,
        description="Customer or Supplier; absent from the CounterParty of a document",
    ),
    th.Property("VATLiable", th.BooleanType, description="Whether the party is subject to VAT"),
    th.Property(
        "AccountantCode",
        th.IntegerType,
        description="Number of the party in the accountant's software",
    ),
    th.Property("GLAccountCode", th.IntegerType, description="General ledger account of the party"),
    th.Property(
        "Language",
        th.StringType,
        description="Language of documents and mails to the party: NL, FR, EN and others",
    ),
    th.Property(
        "VentilationCode",
        th.StringType,
        description="VAT treatment of new documents, coded as VentilationCode of an order",
    ),
    th.Property(
        "ExternalProviderID",
        th.StringType,
        description="Key of the party in an outside system, set by whoever created it",
    ),
    th.Property(
        "ExternalProviderTC",
        th.StringType,
        description="Outside system that ExternalProviderID belongs to",
    ),
    th.Property(
        "CustomFields",
        th.ArrayType(CUSTOM_FIELD),
        description="Key and value pairs; a list here, whereas orders and lines carry an object",
    ),
    th.Property(
        "BankAccounts",
        th.ArrayType(BANK_ACCOUNT),
        description="Bank accounts; may be empty although IBAN is filled",
    ),
    th.Property(
        "Users",
        th.ArrayType(USER),
        description="Billit users linked to the party: personal data; empty in Billit's examples",
    ),
    th.Property(
        "DefaultPaymentMethodTC",
        th.StringType,
        description="Usual payment method, such as Wired or Domiciliation",
    ),
    th.Property(
        "DomiciliationMandateID", th.StringType, description="Reference of the direct debit mandate"
    ),
    th.Property(
        "DomiciliationMandateSigningDate",
        th.DateTimeType,
        description="Day the direct debit mandate was signed, at midnight",
    ),
    th.Property(
        "DefaultPaid",
        th.BooleanType,
        description="Whether new documents count as paid from the start",
    ),
    th.Property(
        "DisplayName",
        th.StringType,
        description="Name shown in Billit; the only name in order rows",
    ),
    th.Property(
        "DefaultTransportTypeTC",
        th.StringType,
        description="Usual way of sending: Peppol, SMTP, Letter and others",
    ),
    th.Property(
        "FinancialReductionPercentageDefault",
        th.NumberType,
        description="Usual cash discount, in percent",
    ),
    th.Property(
        "FinancialReductionDaysDefault",
        th.IntegerType,
        description="Days within which the cash discount is usually granted",
    ),
    th.Property(
        "DefaultExpiryOffset",
        th.IntegerType,
        description="Usual payment term, in days from the document date",
    ),
    th.Property(
        "GLDefaultExpiryOffset",
        th.IntegerType,
        description="Payment term kept for the ledger, in days",
    ),
    th.Property("Role", th.StringType, description="Kind of account, such as Professional"),
    th.Property("InternalInfo", th.StringType, description="Free note for internal use"),
    th.Property(
        "VATDeductable",
        th.BooleanType,
        description="Whether the party may deduct VAT (spelt as Billit does)",
    ),
    th.Property(
        "DefaultReductionPercentage",
        th.NumberType,
        description="Usual commercial discount on lines, in percent",
    ),
    th.Property(
        "Identifiers",
        th.ArrayType(IDENTIFIER),
        description="Enterprise, GLN and network numbers of the party",
    ),
    th.Property(
        "BookCategoryTC", th.StringType, description="Booking category code; values not documented"
    ),
    th.Property(
        "SmallEnterprise",
        th.BooleanType,
        description="Whether the VAT exemption for small enterprises applies",
    ),
    th.Property(
        "AutoSendInvoiceReminders",
        th.BooleanType,
        description="Whether Billit sends payment reminders by itself",
    ),
    th.Property("DefaultCurrencyTC", th.StringType, description="Usual currency, ISO 4217"),
    th.Property(
        "Regime", th.StringType, description="Tax regime of the party; values not documented"
    ),
    th.Property(
        "SubRegime", th.StringType, description="Refinement of Regime; values not documented"
    ),
    th.Property(
        "IsHighRisk", th.BooleanType, description="Whether Billit flags the party as a risk"
    ),
    th.Property(
        "SendUBL", th.BooleanType, description="Whether mails to the party carry the UBL file"
    ),
    th.Property("SendPDF", th.BooleanType, description="Whether mails to the party carry the PDF"),
)

PARTY = th.ObjectType(*PARTY_PROPERTIES)

_COUNTER_PARTY_NAMES = frozenset(
    {
        "PartyID",
        "Addresses",
        "Street",
        "StreetNumber",
        "Box",
        "City",
        "CountryCode",
        "IBAN",
        "BIC",
        "Email",
        "VATNumber",
        "PartyType",
        "VATLiable",
        "DisplayName",
        "VATDeductable",
        "Identifiers",
    },
)

COUNTER_PARTY = th.ObjectType(*(p for p in PARTY_PROPERTIES if p.name in _COUNTER_PARTY_NAMES))

PARTY_ROW = th.PropertiesList(COMPANY_ID, *PARTY_PROPERTIES, OTHER).to_dict()
