"""Bank transactions, after Billit's Swagger v1 (no payload is documented)."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_billit.schemas.shared import COMPANY_ID, OTHER

ASSIGNED_ENTITY = th.ObjectType(
    th.Property(
        "AssignedAmount", th.NumberType, description="Part of the transaction matched to the entity"
    ),
    th.Property(
        "FXRateToBankCurrency",
        th.NumberType,
        description="Exchange rate between the entity's and the account's currency",
    ),
    th.Property(
        "EntityType", th.StringType, description="What the money was matched to, such as Order"
    ),
    th.Property(
        "EntityID", th.IntegerType, description="Key of that entity; the OrderID for an order"
    ),
)

TRANSACTION = th.PropertiesList(
    COMPANY_ID,
    th.Property(
        "BankAccountTransactionID", th.IntegerType, description="Key of the transaction in Billit"
    ),
    th.Property("BankName", th.StringType, description="Bank that holds the company's account"),
    th.Property("IBAN", th.StringType, description="Company's own account"),
    th.Property(
        "BIC", th.StringType, description="Bank identifier (SWIFT code) of the company's account"
    ),
    th.Property(
        "BankAccountID", th.IntegerType, description="Key of the company's account in Billit"
    ),
    th.Property(
        "DocumentId",
        th.IntegerType,
        description="Billit document that goes with it (spelt as Billit does)",
    ),
    th.Property("IBANCounterParty", th.StringType, description="Account of the payer or payee"),
    th.Property(
        "BICCounterParty",
        th.StringType,
        description="Bank identifier (SWIFT code) of the payer or payee",
    ),
    th.Property(
        "NameCounterParty", th.StringType, description="Payer or payee as the bank names it"
    ),
    th.Property(
        "TotalAmount",
        th.NumberType,
        description="Amount in Currency; how its sign relates to TransactionType is not documented",
    ),
    th.Property(
        "TransactionType", th.StringType, description="Kind of transaction; values not documented"
    ),
    th.Property("ValueDate", th.DateTimeType, description="Day the money counts from, at midnight"),
    th.Property("Currency", th.StringType, description="Currency of TotalAmount, ISO 4217"),
    th.Property("Description", th.StringType, description="Text of the transaction"),
    th.Property(
        "ExternalProviderID",
        th.StringType,
        description="Key of the transaction in the system it came from",
    ),
    th.Property(
        "ExternalProviderTC", th.StringType, description="System that delivered the transaction"
    ),
    th.Property("FreeMessage", th.StringType, description="Unstructured message from the payer"),
    th.Property(
        "CodaSource",
        th.StringType,
        description="Origin within CODA, the Belgian bank statement format; not documented further",
    ),
    th.Property("CodaFileID", th.StringType, description="FileID of the CODA file, a UUID"),
    th.Property("BankReference", th.StringType, description="Reference given by the bank"),
    th.Property("ClientReference", th.StringType, description="Reference given by the payer"),
    th.Property("Note", th.StringType, description="Free note"),
    th.Property(
        "AssignedEntities",
        th.ArrayType(ASSIGNED_ENTITY),
        description="What the money was matched to: the only readable link from payments to orders",
    ),
    th.Property(
        "ProprietaryBankTransactionCode",
        th.StringType,
        description="Transaction code in the bank's own coding",
    ),
    th.Property(
        "BankTransactionCode", th.StringType, description="Transaction code in the standard coding"
    ),
    th.Property(
        "IntructionNote",
        th.StringType,
        description="Payment instruction text (misspelt by Billit); older API versions only",
    ),
    OTHER,
).to_dict()
