"""The body of a request, as servers with OpenAI's protocol take it."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, Literal

from prefdata.backends._messages import shaped

if TYPE_CHECKING:
    from prefdata.protocols import ChatParams, ChatRequest

__all__ = ["Structured", "body"]

Structured = Literal["json_schema", "json_object", "none"]
"""How a server is told to answer in JSON."""

_SEEDS = 1 << 31  # some servers keep a seed in 32 bits with a sign


def body(
    request: ChatRequest, params: ChatParams, *, structured: Structured | None = None
) -> dict[str, Any]:
    """Return the body of a request; equal requests and parameters give equal bodies.

    The sample's number is added to the seed, because a server that obeys the seed would give the
    same sample again.

    Args:
        request: The request; what the parameters say instead of it wins.
        params: How requests are worded; fields of ``extra_body`` win over all others.
        structured: How the server is told to answer in JSON where the request wants it, instead
            of ``params.structured``; ``auto`` there is ``json_schema``.
    """
    limit = request.max_tokens if params.max_tokens is None else params.max_tokens
    temperature = request.temperature if params.temperature is None else params.temperature
    top_p = request.top_p if params.top_p is None else params.top_p
    made: dict[str, Any] = {
        "model": params.model,
        "messages": shaped(request.messages, params.system),
        params.limit_field: limit,
        "temperature": temperature,
    }
    if top_p is not None:
        made["top_p"] = top_p
    if params.send_seed and request.seed is not None:
        made["seed"] = (request.seed + request.sample) % _SEEDS
    if request.n_alternatives:
        made |= {"logprobs": True, "top_logprobs": request.n_alternatives}
    if request.schema is not None:
        told = params.structured if structured is None else structured
        made |= _response_format(request.schema, "json_schema" if told == "auto" else told)
    return {**made, **params.extra_body}


def _response_format(schema: str, structured: Structured) -> dict[str, Any]:
    if structured == "none":
        return {}
    if structured == "json_object":
        return {"response_format": {"type": "json_object"}}
    wanted = {"name": "answer", "schema": _parsed(schema), "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": wanted}}


@functools.lru_cache(maxsize=64)
def _parsed(schema: str) -> Any:
    """Return a schema, which many requests share; nobody writes to it."""
    return json.loads(schema)
