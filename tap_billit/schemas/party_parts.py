"""Types nested in a party, after Billit's Swagger v1 and documented payloads."""

from __future__ import annotations

from singer_sdk import typing as th

ADDRESS = th.ObjectType(
    th.Property(
        "AddressType", th.StringType, description="InvoiceAddress, DeliveryAddress and others"
    ),
    th.Property(
        "Tav",
        th.StringType,
        description="Person or department the post is for the attention of (Dutch: t.a.v.)",
    ),
    th.Property(
        "Name",
        th.StringType,
        description="Addressee, where it differs from or repeats the party's name",
    ),
    th.Property("Street", th.StringType, description="Street; may include the house number"),
    th.Property("StreetNumber", th.StringType, description="House number"),
    th.Property("Box", th.StringType, description="Box or unit within the building"),
    th.Property("Zipcode", th.StringType, description="Postal code"),
    th.Property("City", th.StringType, description="Town or city"),
    th.Property("CountryCode", th.StringType, description="Country, ISO 3166-1 alpha-2"),
    th.Property("Phone", th.StringType, description="Telephone number at this address"),
)

IDENTIFIER = th.ObjectType(
    th.Property("IdentifierType", th.StringType, description="Kind of number: CBE, GLN and others"),
    th.Property("Identifier", th.StringType, description="Number itself, without its scheme"),
    th.Property(
        "SchemeID",
        th.StringType,
        description="ISO 6523 scheme, such as 0208 for Belgian enterprises; absent from order rows",
    ),
    th.Property(
        "Preferred",
        th.BooleanType,
        description="Whether e-invoices are addressed to this identifier first",
    ),
    th.Property(
        "IdentifierAddress",
        th.StringType,
        description="Electronic address that goes with the identifier; not in Billit's Swagger",
    ),
)

BANK_ACCOUNT = th.ObjectType(
    th.Property("IBAN", th.StringType, description="International account number"),
    th.Property("BIC", th.StringType, description="Bank identifier (SWIFT code)"),
    th.Property("Currency", th.StringType, description="Currency of the account, ISO 4217"),
    th.Property(
        "Verified",
        th.BooleanType,
        description="Whether the account number has been confirmed",
    ),
    th.Property("Name", th.StringType, description="Name the account goes by"),
    th.Property(
        "Saldo",
        th.NumberType,
        description="Balance in the account's currency",
    ),
    th.Property(
        "ExternalProviderID",
        th.StringType,
        description="Key of the account in the system it came from",
    ),
    th.Property("LogoFileID", th.StringType, description="FileID of the bank's logo, a UUID"),
    th.Property("LogoFileUrl", th.StringType, description="Web address of the bank's logo"),
    th.Property(
        "CountryCode", th.StringType, description="Country of the account, ISO 3166-1 alpha-2"
    ),
    th.Property("BankAccountName", th.StringType, description="Label of the account at the bank"),
    th.Property(
        "BankProviderStatus",
        th.StringType,
        description="State of the link with the bank; values not documented",
    ),
    th.Property(
        "AccountIdentification", th.StringType, description="Account number where there is no IBAN"
    ),
    th.Property("Active", th.BooleanType, description="Whether the account is in use"),
    th.Property(
        "CompanyID",
        th.IntegerType,
        description="Company the account belongs to; older API versions only",
    ),
    th.Property(
        "BankAccountID",
        th.IntegerType,
        description="Key of the account in Billit; older API versions only",
    ),
    th.Property(
        "SaldoDate",
        th.StringType,
        description="Moment of the balance, as text; older API versions only",
    ),
    th.Property(
        "CodaByINGUser",
        th.BooleanType,
        description="Whether ING delivers its CODA statements; older API versions only",
    ),
)

CUSTOM_FIELD = th.ObjectType(
    th.Property("Key", th.StringType, description="Name of the custom field"),
    th.Property("Value", th.StringType, description="Its value, always text"),
)

USER = th.ObjectType(
    th.Property("FirstName", th.StringType, description="Given name of the user"),
    th.Property("LastName", th.StringType, description="Family name of the user"),
    th.Property("Role", th.StringType, description="Role of the user in the company"),
    th.Property(
        "ExternalProviderID", th.StringType, description="Key of the user in an outside system"
    ),
    th.Property("Email", th.StringType, description="E-mail address of the user"),
)
