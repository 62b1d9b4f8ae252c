"""The login's companies, after the documented payload of accountInformation and Swagger v1."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_billit.schemas.party import PARTY_PROPERTIES
from tap_billit.schemas.shared import OTHER

ENABLED_FEATURES = th.ObjectType(
    th.Property("TimeRegistration", th.BooleanType, description="Whether time registration is on"),
    th.Property("Projects", th.BooleanType, description="Whether projects are on"),
    th.Property("DailyReceipts", th.BooleanType, description="Whether daily receipt books are on"),
    th.Property("FinancialReduction", th.BooleanType, description="Whether cash discounts are on"),
    th.Property("GLAccounts", th.BooleanType, description="Whether general ledger accounts are on"),
    th.Property("Cashbook", th.BooleanType, description="Whether the cashbook is on"),
)

COMPANY = th.PropertiesList(
    th.Property(
        "TabNameAlias", th.StringType, description="Short name of the company in Billit's interface"
    ),
    th.Property(
        "APIAllowed",
        th.BooleanType,
        description="Whether the company's data may be read through the API",
    ),
    th.Property("LogoFileID", th.StringType, description="FileID of the company's logo, a UUID"),
    th.Property(
        "APIEnabledFeatures",
        ENABLED_FEATURES,
        description="Optional parts of Billit that the company uses",
    ),
    th.Property(
        "UserLanguage",
        th.StringType,
        description="Language of the login within this company: NL, FR, EN and others",
    ),
    *PARTY_PROPERTIES,
    OTHER,
).to_dict()
