"""Whose answers they are: a server by its name or address, a model, and how it is asked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from prefdata.core.errors import UserError
from prefdata.core.fingerprint import canonical_json
from prefdata.protocols import ChatIdentity

if TYPE_CHECKING:
    from prefdata.protocols import ChatParams

__all__ = ["address", "bare_address", "identify"]

_OPENAI = "https://api.openai.com/v1"
_PORTS = {"http": 80, "https": 443}


def identify(params: ChatParams) -> ChatIdentity:
    """Return the identity of a model behind OpenAI's protocol; nothing is connected to.

    Raises:
        UserError: If the address is not one, or holds credentials.
    """
    return ChatIdentity(
        server=params.server or bare_address(params),
        model=params.model,
        wording=canonical_json(params.wording()),
    )


def address(params: ChatParams) -> str:
    """Return the address of the server up to ``/v1``, as requests are sent to it."""
    return (params.base_url or os.environ.get("OPENAI_BASE_URL") or _OPENAI).strip().rstrip("/")


def bare_address(params: ChatParams) -> str:
    """Return the address of the server without query and fragment, to be shown.

    Raises:
        UserError: If it is not the address of a server, or holds credentials.
    """
    given = address(params)
    try:
        parts = urlsplit(given)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or parts.scheme.lower() not in ("http", "https"):
        # What was given may hold a key, so it is not repeated.
        raise UserError(
            "The address of the server is not one of http or https.",
            where="base_url",
            fix="Write it with its scheme and up to `/v1`, such as `http://localhost:8000/v1`.",
        )
    if parts.username is not None or parts.password is not None:
        raise UserError(
            "The address of the server holds a name or a password.",
            where="base_url",
            fix=f"Take them out of it; a key belongs into the environment, as {params.key_env}.",
        )
    named = f"[{host}]" if ":" in host else host
    place = named if port in (None, _PORTS[parts.scheme.lower()]) else f"{named}:{port}"
    return f"{parts.scheme.lower()}://{place}{parts.path.rstrip('/')}"
