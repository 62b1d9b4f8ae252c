"""The settings: name, type, range, default and meaning.

`make docs` writes them into README.md, meltano.yml and tap-billit.yml.
"""

from __future__ import annotations

from singer_sdk import typing as th

from tap_billit.environments import DEMO, ENVIRONMENTS

LARGEST_ID = 2**63 - 1

SETTINGS = th.PropertiesList(
    th.Property(
        "environment",
        th.StringType(allowed_values=[*ENVIRONMENTS, DEMO]),
        default="production",
        title="Environment",
        description=(
            "`production`, `sandbox` (Billit's test environment), or `demo`: a made-up account "
            "inside the tap, no credentials asked"
        ),
    ),
    th.Property(
        "api_url",
        th.URIType,
        title="API URL",
        description=(
            "Replaces the environment's API base, by a proxy say; token endpoint follows; "
            "`https://`, or `http://` on this machine"
        ),
    ),
    th.Property(
        "client_id",
        th.StringType,
        title="Client ID",
        description="Client ID of your OAuth application; Billit's support hands it out",
    ),
    th.Property(
        "client_secret",
        th.StringType,
        secret=True,
        title="Client secret",
        description="Client secret of your OAuth application",
    ),
    th.Property(
        "refresh_token",
        th.StringType,
        secret=True,
        title="Refresh token",
        description=(
            "The first refresh token, if not `tap-billit-login` put it into the token store; "
            "each works once, later ones live in the store, a new value here wins over it"
        ),
    ),
    th.Property(
        "token_store",
        th.StringType,
        title="Token store",
        description=(
            "File that keeps the rotating tokens: a path, or an fsspec URL such as "
            "`s3://bucket/billit.json` where the disk does not last; default: a file in the "
            "user's state directory, one per environment and client"
        ),
    ),
    th.Property(
        "api_key",
        th.StringType,
        secret=True,
        title="API key",
        description="The other way in, for your own company only; never together with OAuth",
    ),
    th.Property(
        "company_ids",
        th.ArrayType(th.IntegerType(minimum=0, maximum=LARGEST_ID)),
        title="Company IDs",
        description="PartyIDs of the companies to sync; default: all that the login reaches",
    ),
    th.Property(
        "context_party_id",
        th.IntegerType(minimum=0, maximum=LARGEST_ID),
        title="Context PartyID",
        description="Sent as the `ContextPartyID` header: an accountant's own PartyID",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start date",
        description=(
            "Read only what was modified from then on, such as `2024-01-01T00:00:00Z`; without "
            "an offset it is in `timezone`; default: everything"
        ),
    ),
    th.Property(
        "timezone",
        th.StringType,
        default="Europe/Brussels",
        title="Time zone",
        description="Zone of Billit's date-times, which carry no offset",
    ),
    th.Property(
        "lookback_minutes",
        th.IntegerType(minimum=0, maximum=366 * 24 * 60),
        default=5,
        title="Lookback",
        description="Minutes the bookmark stays behind Billit's newest change, as rows commit late",
    ),
    th.Property(
        "refresh_unpaid",
        th.BooleanType,
        default=True,
        title="Refresh unpaid",
        description="Read rows that are open or lately paid again, although they have not changed",
    ),
    th.Property(
        "files_url",
        th.StringType,
        title="Files URL",
        description="Where `invoice_files` puts the bytes: a folder, or an fsspec URL",
    ),
    th.Property(
        "files_max_mb",
        th.NumberType(exclusive_minimum=0, maximum=1_000_000),
        default=50,
        title="Largest file",
        description="Megabytes; `invoice_files` skips what is larger, and says so in the record",
    ),
    th.Property(
        "requests_per_minute",
        th.IntegerType(minimum=1, maximum=1_000_000),
        default=60,
        title="Requests per minute",
        description="Never exceeded in any 60 seconds",
    ),
    th.Property(
        "request_timeout",
        th.NumberType(exclusive_minimum=0, maximum=24 * 60 * 60),
        default=60,
        title="Request timeout",
        description="Seconds without an answer, or between two parts of one",
    ),
    th.Property(
        "retry_minutes",
        th.NumberType(minimum=0, maximum=7 * 24 * 60),
        default=15,
        title="Retry minutes",
        description="How long the tap waits in all while Billit is down or busy, before a run ends",
    ),
    th.Property(
        "accept_unreadable",
        th.IntegerType(minimum=0, maximum=1_000_000),
        default=0,
        title="Accept unreadable",
        description=(
            "So many orders whose details or files Billit cannot give may stay set aside with a "
            "warning, and exit status 0; they are tried again in each run"
        ),
    ),
    th.Property(
        "rate_limit_store",
        th.StringType,
        title="Rate limit store",
        description="A file by which several taps on this machine share `requests_per_minute`",
    ),
    th.Property(
        "user_agent",
        th.StringType,
        title="User agent",
        description="Default: `tap-billit/<version>`",
    ),
)
