"""What a server with OpenAI's protocol said: an answer, a refusal, or something else."""

from __future__ import annotations

from typing import Any

from prefdata.backends._openai_wire.reasoning import thought
from prefdata.backends._openai_wire.words import mended, shortened
from prefdata.protocols import ChatFault, ChatReply, FaultKind, Usage

__all__ = ["read_refusal", "read_reply"]

_OK = 200
_FILTER = "content_filter"
_MOST_TOKENS = 1 << 53
_LEAST = 1e30
"""What is further from 0 is no log-probability."""
_END = "</think>"
_OF_ALL = frozenset({"insufficient_quota", "invalid_api_key", "model_not_found"})
"""Codes of errors that all requests to this server would meet."""


def read_reply(payload: Any, *, secret: str = "") -> ChatReply:
    """Return what a body that came with status 200 says; nothing raises.

    An answer without text is the fault ``empty``, except where its tokens were used up before the
    first word, as models that reason may do: that is an answer that was cut, and comes with an
    empty text. What a model thinks aloud before its answer is left out. Token counts that are no
    numbers count as not told, and so do log-probabilities.

    Args:
        payload: Parsed JSON.
        secret: A key, which is not repeated wherever the server repeats it.
    """
    if not isinstance(payload, dict):
        return _fault("malformed", f"The body is {_kind(payload)}, not an object.")
    if payload.get("error") and not payload.get("choices"):
        return read_refusal(_OK, payload, secret=secret)
    usage, model = _usage(payload.get("usage")), payload.get("model")
    named = mended(model) if isinstance(model, str) else None
    choices = payload.get("choices")
    if choices == []:
        return _fault("empty", "There is no choice in the body.", usage=usage, model=named)
    if not isinstance(choices, list) or not isinstance(choices[0], dict):
        return _fault("malformed", "The body has no choices.", usage=usage, model=named)
    return _read_choice(choices[0], usage, named)


def read_refusal(
    status: int, payload: Any, *, retry_after_seconds: float | None = None, secret: str = ""
) -> ChatReply:
    """Return what a body says that came with an error; nothing raises.

    Args:
        status: Of HTTP; a body that holds an error in spite of status 200 is read by its code.
        payload: Parsed JSON, text that is none, or nothing.
        retry_after_seconds: What the header ``Retry-After`` asked for.
        secret: A key, which is not repeated wherever the server repeats it.
    """
    error = payload.get("error", payload) if isinstance(payload, dict) else payload
    fields = error if isinstance(error, dict) else {"message": error}
    code = str(fields.get("code") or "")
    if code == _FILTER:
        return ChatReply(finish_reason=_FILTER, is_filtered=True)
    if status == _OK:
        status = int(code) if code.isdecimal() and len(code) == 3 else 500  # noqa: PLR2004
    said = fields.get("message") or fields.get("detail") or code
    message = f"{status}: {shortened(said, secret)}" if said else f"{status}, without a word."
    is_of_all = not _OF_ALL.isdisjoint((code, str(fields.get("type"))))
    kind = "access" if is_of_all else _kind_of(status)
    return ChatReply(fault=ChatFault(kind, message, retry_after_seconds))


def _kind_of(status: int) -> FaultKind:
    """Return the kind of fault that a status of HTTP is, as `FaultKind` lists them."""
    if status == 429:  # noqa: PLR2004
        return "rate-limited"
    if status in {408, 409, 425} or status >= 500:  # noqa: PLR2004
        return "server"
    return "access" if status in {401, 402, 403, 404, 405} or status < 400 else "request"  # noqa: PLR2004


def _read_choice(choice: dict[str, Any], usage: Usage | None, model: str | None) -> ChatReply:
    message, reason = choice.get("message"), choice.get("finish_reason")
    if not isinstance(message, dict) or not isinstance(reason, str | None):
        return _fault("malformed", "The choice has no message.", usage=usage, model=model)
    try:
        said = _text(message.get("content"))
    except TypeError as error:
        return _fault("malformed", str(error), usage=usage, model=model)
    n_thought = thought(said)
    text, refusal = said[n_thought:], message.get("refusal")
    words = mended(refusal) if isinstance(refusal, str) else ""
    text = text or words
    is_filtered = bool(words) or reason == _FILTER
    if not text.strip() and not is_filtered and reason != "length":
        return _fault("empty", "The answer has no text.", usage=usage, model=model)
    return ChatReply(
        text=None if is_filtered and not text else text,
        finish_reason=reason,
        usage=usage,
        alternatives=_alternatives(choice.get("logprobs"), has_thought=n_thought > 0),
        model=model,
        is_filtered=is_filtered,
    )


def _text(content: Any) -> str:
    """Return the text of a message; some servers send it in parts."""
    if content is None:
        return ""
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    if not all(isinstance(part, dict) for part in parts):
        message = "The content is a list of something else than parts."
        raise TypeError(message)
    texts = [part.get("text") for part in parts if part.get("type", "text") == "text"]
    strings = [text for text in texts if isinstance(text, str)]
    if len(strings) < len(texts):
        message = "The content is not text."
        raise TypeError(message)
    return mended("".join(strings))


def _usage(told: Any) -> Usage | None:
    if not isinstance(told, dict):
        return None
    prompt, completion = (_count(told.get(f"{part}_tokens")) for part in ("prompt", "completion"))
    if prompt is None or completion is None:
        return None
    details = told.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
    return Usage(prompt, completion, min(cached or 0, prompt))


def _count(value: Any) -> int | None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and 0 <= value <= _MOST_TOKENS else None


def _alternatives(
    told: Any, *, has_thought: bool
) -> tuple[tuple[tuple[str, float], ...], ...] | None:
    """Return the likeliest tokens for each token, and the token itself where it is not of them.

    Tokens of a thought are left out: a choice that is weighed there is not the answer.
    """
    content = told.get("content") if isinstance(told, dict) else None
    if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
        return None
    found = []
    for one in _after_thought(content) if has_thought else content:
        listed = one.get("top_logprobs")
        likeliest = [*map(_scored, listed)] if isinstance(listed, list) else []
        pairs = [pair for pair in likeliest if pair is not None]
        own = _scored(one)
        if own is not None and own[0] not in {token for token, _ in pairs}:
            pairs.append(own)
        found.append(tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0]))))
    return tuple(found)


def _after_thought(content: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the tokens after the mark that ends a thought, which may be one token or several."""
    said = ""
    for place, one in enumerate(content):
        said = said[-len(_END) :] + str(one.get("token", ""))
        if _END in said:
            return content[place + 1 :]
    return []


def _scored(entry: Any) -> tuple[str, float] | None:
    """Return a token with its log-probability, if there is one that is finite."""
    if not isinstance(entry, dict):
        return None
    token, value = entry.get("token"), entry.get("logprob")
    if not isinstance(token, str) or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Whole numbers that are too large for a float can be compared, too.
    if not -_LEAST < value < _LEAST:
        return None
    return mended(token), float(value)


def _fault(
    kind: FaultKind, message: str, *, usage: Usage | None = None, model: str | None = None
) -> ChatReply:
    return ChatReply(usage=usage, model=model, fault=ChatFault(kind, message))


def _kind(payload: Any) -> str:
    return "nothing" if payload is None else f"of the type {type(payload).__name__}"
