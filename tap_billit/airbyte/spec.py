"""The specification: the tap's own settings as a form, the ways in as a choice."""

from __future__ import annotations

from typing import Any

from tap_billit.airbyte.config import (
    API_KEY,
    NONE,
    OAUTH_AIRBYTE,
    OAUTH_STORE,
    PROPERTIES,
    TOKENS,
)

Json = dict[str, Any]

IN_CREDENTIALS = ("client_id", "client_secret", "refresh_token", "token_store", "api_key")

OF_ONE_MACHINE = ("rate_limit_store",)
"""Settings that mean nothing where each sync has a machine of its own."""

GROUPS = {"account": "Account", "scope": "What is read", "pace": "Pace and patience"}

_GROUP_OF = {
    "environment": "account",
    "company_ids": "account",
    "context_party_id": "account",
    "api_url": "pace",
    "requests_per_minute": "pace",
    "request_timeout": "pace",
    "retry_minutes": "pace",
    "user_agent": "pace",
}
"""Other settings, those to come as well, say what is read."""

_EXAMPLES: dict[str, list[Any]] = {
    "company_ids": [[600001, 600002]],
    "start_date": ["2024-01-01T00:00:00Z"],
    "files_url": ["s3://bucket/billit"],
    "token_store": ["s3://bucket/billit.json"],
}

_TOKENS: Json = {
    "type": "string",
    "title": "Tokens",
    "description": (
        "What `tap-billit-login --airbyte` prints. The connector replaces it whenever Billit gives "
        "it new tokens."
    ),
    "airbyte_secret": True,
}


def specification() -> Json:
    """What Airbyte shows as a form, and checks a configuration against."""
    properties = {"environment": _setting("environment"), "credentials": _credentials()}
    for name in PROPERTIES:
        if name not in (*IN_CREDENTIALS, *OF_ONE_MACHINE):
            properties[name] = _setting(name)
    for order, (name, definition) in enumerate(properties.items()):
        definition |= {"order": order, "group": _GROUP_OF.get(name, "scope")}
    properties["credentials"]["group"] = "account"
    return {
        "connectionSpecification": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "Billit",
            "type": "object",
            # Airbyte adds properties of its own.
            "additionalProperties": True,
            "properties": properties,
            "groups": [{"id": group, "title": title} for group, title in GROUPS.items()],
        },
        "supportsIncremental": True,
    }


def _setting(name: str, **other: Any) -> Json:
    """The definition of one of the tap's settings; Airbyte knows no type that may be null."""
    definition = dict(PROPERTIES[name])
    (definition["type"],) = {*definition["type"]} - {"null"}
    if "items" in definition:
        (kind,) = definition["items"]["type"]
        definition["items"] = {**definition["items"], "type": kind}
    definition.pop("writeOnly", None)
    if definition.pop("secret", False):
        definition["airbyte_secret"] = True
    if name in _EXAMPLES:
        definition["examples"] = _EXAMPLES[name]
    return definition | other


def _credentials() -> Json:
    return {
        "type": "object",
        "title": "Credentials",
        "description": "How the connector gets in; the demo needs nothing.",
        "oneOf": [
            _way_in(
                OAUTH_STORE,
                "OAuth, tokens in a store of yours (recommended)",
                "Billit's refresh tokens work once. Here each new one is in a file of yours before "
                "it is used: no way that a sync ends can lose it. Log in with "
                "`tap-billit-login --token-store URL`.",
                client_id=_setting("client_id"),
                client_secret=_setting("client_secret"),
                token_store=_setting(
                    "token_store",
                    description="`s3://bucket/billit.json` (`gs://`, `az://`), or "
                    "`postgresql://user@host/db#LOGIN`",
                ),
                refresh_token=_setting(
                    "refresh_token",
                    description="Only if `tap-billit-login` did not put one into the store: the "
                    "first refresh token",
                ),
            ),
            _way_in(
                OAUTH_AIRBYTE,
                "OAuth, tokens in this configuration",
                "Billit's refresh tokens work once, and each new one is sent to Airbyte to be kept "
                "here. Airbyte does not say whether it was: a sync that was queued before, two "
                "connections at a time, or a failure at that moment can cost the login. Then log "
                "in again.",
                client_id=_setting("client_id"),
                client_secret=_setting("client_secret"),
                tokens=dict(_TOKENS),
                refresh_token=_setting(
                    "refresh_token",
                    description="Only without tokens: the first refresh token. It is not tried "
                    "before the first sync, as it works once",
                ),
            ),
            _way_in(
                API_KEY,
                "API key",
                "For your own companies only.",
                api_key=_setting("api_key"),
            ),
            _way_in(NONE, "None", "For the environment `demo`."),
        ],
    }


_OPTIONAL = ("refresh_token", TOKENS)


def _way_in(auth_type: str, title: str, description: str, **properties: Json) -> Json:
    chosen = {"type": "string", "const": auth_type, "default": auth_type}
    for order, definition in enumerate(properties.values(), start=1):
        definition["order"] = order
    return {
        "type": "object",
        "title": title,
        "description": description,
        "required": ["auth_type", *(name for name in properties if name not in _OPTIONAL)],
        "properties": {"auth_type": {**chosen, "order": 0}, **properties},
    }
