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
            "Base URL of the API, for example of a proxy; tokens are requested there too; "
            "`https://`, or `http://` on this machine"
        ),
    ),
    th.Property(
        "client_id",
        th.StringType,
        title="Client ID",
        description="Client ID of your OAuth application, from Billit's support",
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
            "The first refresh token; not needed after `tap-billit-login`; a new value here "
            "replaces the stored one"
        ),
    ),
    th.Property(
        "token_store",
        th.StringType,
        title="Token store",
        description=(
            "Where the current tokens are kept: a path, or `postgresql://user@host/db#LOGIN` or "
            "`s3://bucket/billit.json` (`gs://`, `az://`) if the disk does not last; default: a "
            "file in the user's state directory, one for each environment and client"
        ),
    ),
    th.Property(
        "token_store_key",
        th.StringType,
        secret=True,
        title="Token store key",
        description=(
            "Encrypts the tokens in the store: a key of Fernet; of several, separated by commas, "
            "the first encrypts and all decrypt"
        ),
    ),
    th.Property(
        "api_key",
        th.StringType,
        secret=True,
        title="API key",
        description="API key, instead of OAuth, for your own companies; never both",
    ),
    th.Property(
        "company_ids",
        th.ArrayType(th.IntegerType(minimum=0, maximum=LARGEST_ID)),
        title="Company IDs",
        description="PartyIDs of the companies to read; default: all that the login reaches",
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
            "Read only what was modified since then, for example `2024-01-01T00:00:00Z`; without "
            "an offset it is in `timezone`; default: everything"
        ),
    ),
    th.Property(
        "recent_days",
        th.NumberType(minimum=0, maximum=36_500),
        default=90,
        title="Recent days",
        description=(
            "A first sync of details or files begins with what changed in this many days before "
            "Billit's newest change, and goes on with what is older; 0: in the order of the list"
        ),
    ),
    th.Property(
        "timezone",
        th.StringType,
        default="Europe/Brussels",
        title="Time zone",
        description="Time zone of Billit's date-times, which carry no offset",
    ),
    th.Property(
        "lookback_minutes",
        th.IntegerType(minimum=0, maximum=366 * 24 * 60),
        default=5,
        title="Lookback",
        description=(
            "The next sync starts this many minutes before Billit's newest change, because "
            "changes can appear late"
        ),
    ),
    th.Property(
        "refresh_unpaid",
        th.BooleanType,
        default=True,
        title="Refresh unpaid",
        description="Read unpaid invoices again until they are paid, even if they did not change",
    ),
    th.Property(
        "refresh_unpaid_hours",
        th.NumberType(minimum=0, maximum=366 * 24),
        default=0,
        title="Refresh unpaid, hours",
        description="How often `refresh_unpaid` does that; 0: in each sync",
    ),
    th.Property(
        "full_lists_hours",
        th.NumberType(minimum=0, maximum=366 * 24),
        default=24,
        title="Hours between whole lists",
        description=(
            "`documents` and `financial_transactions` are read whole once in so many hours, in "
            "between what is new or less than 45 days old; 0: whole in each sync"
        ),
    ),
    th.Property(
        "files_url",
        th.StringType,
        title="Files URL",
        description="Where `invoice_files` stores the files: a folder, or an fsspec URL",
    ),
    th.Property(
        "files_max_mb",
        th.NumberType(exclusive_minimum=0, maximum=1_000_000),
        default=50,
        title="Largest file",
        description="Megabytes; `invoice_files` skips larger files, and its record says so",
    ),
    th.Property(
        "requests_per_minute",
        th.IntegerType(minimum=1, maximum=1_000_000),
        default=60,
        title="Requests per minute",
        description="Most requests in any 60 seconds",
    ),
    th.Property(
        "request_timeout",
        th.NumberType(exclusive_minimum=0, maximum=24 * 60 * 60),
        default=60,
        title="Request timeout",
        description="Longest wait, in seconds, for an answer or for its next part",
    ),
    th.Property(
        "retry_minutes",
        th.NumberType(minimum=0, maximum=7 * 24 * 60),
        default=15,
        title="Retry minutes",
        description="How many minutes the tap keeps trying, in all, while Billit is down or busy",
    ),
    th.Property(
        "accept_unreadable",
        th.IntegerType(minimum=0, maximum=1_000_000),
        default=0,
        title="Accept unreadable",
        description=(
            "How many orders whose details or files Billit cannot give may stay set aside with "
            "exit status 0 and a warning; each run tries them again"
        ),
    ),
    th.Property(
        "rate_limit_store",
        th.StringType,
        title="Rate limit store",
        description=(
            "A file through which several taps on this machine share `requests_per_minute`, or "
            "`postgresql://user@host/db#KEY` for taps on any machine; KEY names what shares the "
            "limit, by default the API's host"
        ),
    ),
    th.Property(
        "user_agent",
        th.StringType,
        title="User agent",
        description="Default: `tap-billit/<version>`",
    ),
)
