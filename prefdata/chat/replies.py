"""What the reply to an attempt means for its request: its final answer, a fault, another try."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.chat.kept import AnswerRow, alternatives_json, clean
from prefdata.chat.requests import prompt_chars
from prefdata.protocols import ChatFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.chat.requests import Job
    from prefdata.protocols import AnswerStatus, ChatReply

__all__ = ["outcome"]

_CUT = "length"
_DETAIL_CHARS = 500


def outcome(
    job: Job, reply: ChatReply, read: Callable[[str], object] | None, rereads: int
) -> AnswerRow | ChatFault | None:
    """Tell what a reply means.

    Args:
        job: The request; its attempts are counted already.
        reply: What came of the last of them.
        read: Raises ValueError on a text that is not in the form that was asked for.
        rereads: How often a request is sent again after such a text.

    Returns:
        The final answer; or the fault, where the attempt brought none; or None, where the request
        is to be sent again because its text could not be read.
    """
    fault = reply.fault
    if fault is not None:
        return _row(job, reply, "failed", fault.message) if fault.kind == "request" else fault
    if reply.is_filtered:
        return _row(job, reply, "filtered")
    if reply.text is None:
        return ChatFault("empty", "The reply has no text.")
    if reply.finish_reason == _CUT:
        return _row(job, reply, "cut")
    problem = _problem(reply.text, read)
    if problem is not None and job.n_rereads < rereads:
        return None
    return _row(job, reply, "ok" if problem is None else "unreadable", problem)


def _problem(text: str, read: Callable[[str], object] | None) -> str | None:
    """Return why a text cannot be read, or None."""
    if read is not None:
        try:
            read(text)
        except ValueError as error:
            return str(error)
    return None


def _row(job: Job, reply: ChatReply, status: AnswerStatus, detail: str | None = None) -> AnswerRow:
    usage = reply.usage
    likeliest = reply.alternatives
    return AnswerRow(
        request=job.digest,
        reported_model=reply.model,
        status=status,
        text=None if reply.text is None else clean(reply.text),
        finish_reason=reply.finish_reason,
        logprobs=None if likeliest is None else alternatives_json(likeliest),
        prompt_tokens=None if usage is None else usage.prompt_tokens,
        cached_tokens=None if usage is None else usage.cached_tokens,
        completion_tokens=None if usage is None else usage.completion_tokens,
        prompt_chars=prompt_chars(job.request),
        n_attempts=job.n_attempts,
        detail=None if detail is None else clean(detail)[:_DETAIL_CHARS],
    )
