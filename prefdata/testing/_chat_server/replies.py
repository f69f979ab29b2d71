"""What the scripted server says: an echo, or what a script returns, in the form of the protocol."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypedDict

from prefdata.core.fingerprint import digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ScriptedReply", "count_tokens", "echo", "envelope", "prompt_text"]

_CHARACTERS_PER_TOKEN = 4
_ECHOED_WORDS = 12


class ScriptedReply(TypedDict, total=False):
    """What a script may return instead of a text; every field may be left out."""

    text: str | None
    finish_reason: str
    refusal: str
    message: dict[str, Any]
    """More fields of the message, such as ``reasoning_content``."""
    alternatives: Sequence[Sequence[tuple[str, float]]]
    """For each token the likeliest tokens with their log-probabilities, the taken one first."""
    usage: dict[str, Any] | None
    """Instead of what the server counts."""
    status: int
    """An error of HTTP instead of an answer."""
    error: Any
    """What such an error says."""
    headers: dict[str, str]
    """More headers of the response."""
    body: Any
    """The whole body, as it is."""


def count_tokens(text: str) -> int:
    """Return what the server takes for the tokens of a text: a quarter of its characters, up."""
    return math.ceil(len(text) / _CHARACTERS_PER_TOKEN)


def prompt_text(body: Mapping[str, Any]) -> str:
    """Return the contents of all messages of a request, one after the other."""
    return "".join(str(message.get("content") or "") for message in body.get("messages", ()))


def echo(body: Mapping[str, Any]) -> str:
    """Return an answer that is the same for the same request, and tells requests apart."""
    messages = body.get("messages") or [{}]
    words = str(messages[-1].get("content") or "").split()
    return f"Echo {digest(body)[:8]}: {' '.join(words[:_ECHOED_WORDS])}"


def envelope(body: Mapping[str, Any], reply: str | ScriptedReply) -> dict[str, Any]:
    """Put a reply into the form of a chat completion, and count what it cost.

    Args:
        body: The request.
        reply: A text, or a reply without status and body.

    Returns:
        The body of the response; a text that is longer than the request allows is cut.
    """
    said: ScriptedReply = {"text": reply} if isinstance(reply, str) else reply
    text, reason = _cut(said.get("text"), body)
    message = {"role": "assistant", "content": text, "refusal": said.get("refusal")}
    choice: dict[str, Any] = {
        "index": 0,
        "message": message | said.get("message", {}),
        "finish_reason": said.get("finish_reason", reason),
        "logprobs": None,
    }
    if body.get("logprobs"):
        width = int(body.get("top_logprobs") or 0)
        choice["logprobs"] = {"content": _log_probabilities(text or "", said, width)}
    whole: dict[str, Any] = {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 0,
        "model": body.get("model"),
        "choices": [choice],
    }
    if "usage" not in said:
        asked, said_tokens = count_tokens(prompt_text(body)), count_tokens(text or "")
        whole["usage"] = {
            "prompt_tokens": asked,
            "completion_tokens": said_tokens,
            "total_tokens": asked + said_tokens,
        }
    elif said["usage"] is not None:
        whole["usage"] = said["usage"]
    return whole


def _cut(text: str | None, body: Mapping[str, Any]) -> tuple[str | None, str]:
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    if text is None or limit is None or count_tokens(text) <= limit:
        return text, "stop"
    return text[: limit * _CHARACTERS_PER_TOKEN], "length"


def _log_probabilities(text: str, reply: ScriptedReply, width: int) -> list[dict[str, Any]]:
    """Return one entry per token; a text without given ones has a token per word, and is sure."""
    tokens = reply.get("alternatives")
    if tokens is None:
        words = [f" {word}" if place else word for place, word in enumerate(text.split(" "))]
        tokens = [[(word, 0.0)] for word in words if text]
    return [
        {
            "token": likeliest[0][0],
            "logprob": likeliest[0][1],
            "bytes": None,
            "top_logprobs": [
                {"token": token, "logprob": value, "bytes": None}
                for token, value in likeliest[:width]
            ],
        }
        for likeliest in tokens
    ]
