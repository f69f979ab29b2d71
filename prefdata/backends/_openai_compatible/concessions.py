"""Fields of a request that a server may refuse, and that an answer can do without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefdata.protocols import ChatParams

__all__ = ["NOTES", "Concession", "concession", "without"]

Concession = Literal["response_format", "logprobs"]

REFUSALS = frozenset({400, 422, 501})
"""Statuses of HTTP with which servers refuse a field that they do not know."""

NOTES: dict[Concession, str] = {
    "response_format": "{server} does not take a JSON schema; it is asked for JSON in words alone.",
    "logprobs": "{server} does not give log-probabilities; it is asked without.",
}
"""What the user is told, once."""

_FIELDS: dict[Concession, tuple[str, ...]] = {
    "response_format": ("response_format",),
    "logprobs": ("logprobs", "top_logprobs"),
}


def concession(
    status: int, message: str, body: dict[str, Any], params: ChatParams
) -> Concession | None:
    """Return what to leave out of a request that a server refused, or None if nothing may be.

    Log-probabilities are left out where the server's words name them. The schema is left out after
    any refusal, because what servers say of it differs, but only under ``structured: auto``. What
    the user wrote into ``extra_body`` is never left out.

    Args:
        status: Of HTTP.
        message: What the server said.
        body: The request.
        params: Which fields are the user's own.
    """
    if status not in REFUSALS:
        return None
    own = params.extra_body.keys()
    if "logprobs" in body and "logprob" in message.lower() and "logprobs" not in own:
        return "logprobs"
    is_ours = params.structured == "auto" and "response_format" not in own
    return "response_format" if is_ours and "response_format" in body else None


def without(body: dict[str, Any], conceded: Iterable[Concession]) -> dict[str, Any]:
    """Return a request without the fields that are conceded."""
    fields = {field for one in conceded for field in _FIELDS[one]}
    return {name: value for name, value in body.items() if name not in fields}
