"""What the answers of a judge say, and why some say nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.chat.verdicts import choice_probabilities, read_verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prefdata.protocols import ChatAnswer
    from prefdata.stages._judge.wording import Task

__all__ = ["RULES", "read_answers", "reader"]

RULES = {
    "identical-responses": "The two responses have the same words, so nothing was asked",
    "unreadable-verdict": "The answer is not one clear choice",
    "cut-answer": "The answer reached the longest length",
    "filtered-answer": "The server's filter, or the model itself, refused to answer",
    "failed-answer": "The server refuses the request",
    "low-confidence": "The verdict is less probable than asked for",
    "unknown-confidence": "The server does not say how probable the verdict is",
}
"""Why a request yields no verdict, by the name of the rule; none of them is a tie."""

_OF_STATUS = {
    "unreadable": "unreadable-verdict",
    "cut": "cut-answer",
    "filtered": "filtered-answer",
    "failed": "failed-answer",
}
_READ = {
    "request": pl.String(),
    "verdict": pl.String(),
    "shares": pl.String(),
    "scores": pl.List(pl.Float64()),
    "reasons": pl.String(),
    "text": pl.String(),
    "rule": pl.String(),
    "detail": pl.String(),
}


def reader(task: Task) -> Callable[[str], str]:
    """Return what reads a verdict out of a text, and raises ValueError where there is none."""

    def read(text: str) -> str:
        return read_verdict(text, task.choices, key=task.key)

    return read


def read_answers(
    answers: Sequence[ChatAnswer | None], task: Task, min_confidence: float | None
) -> pl.DataFrame:
    """Read the answer to each request.

    Args:
        answers: The answers; none where nothing was asked.
        task: What was asked.
        min_confidence: The least probability of a verdict that counts.

    Returns:
        A row for each: request (digest), verdict (a choice), shares (JSON: probability of each
        choice, null where the server does not say), scores (a value for each response), reasons,
        text, rule (why there is no verdict, or null) and detail.
    """
    # A loop over rows: each was a call of a model.
    rows = [_read(answer, task, min_confidence) for answer in answers]
    return pl.DataFrame(rows, schema=_READ, orient="row")


def _read(answer: ChatAnswer | None, task: Task, least: float | None) -> dict[str, Any]:
    if answer is None:
        return {"rule": "identical-responses"}
    told = {"request": answer.request, "text": answer.text, "detail": answer.detail}
    if answer.status != "ok" or answer.text is None:
        return told | {"rule": _OF_STATUS.get(answer.status, "unreadable-verdict")}
    try:
        verdict = reader(task)(answer.text)
    except ValueError as error:
        return told | {"rule": "unreadable-verdict", "detail": str(error)}
    shares = choice_probabilities(answer, task.choices)
    # A letter before the verdict may be a word, such as `a`: then its odds are not the verdict's.
    if shares is not None and shares[verdict] < max(shares.values()):
        shares = None
    return told | {
        "verdict": verdict,
        "shares": None if shares is None else json.dumps(shares),
        "scores": _scores(verdict, shares, task),
        "reasons": _reasons(answer.text) if task.has_reasons else None,
        "rule": None if least is None else _unsure(verdict, shares, least),
    }


def _scores(verdict: str, shares: dict[str, float] | None, task: Task) -> list[float] | None:
    if task.protocol == "rating":
        return [float(verdict)]
    return None if shares is None else [shares[choice] for choice in task.choices[:2]]


def _unsure(verdict: str, shares: dict[str, float] | None, least: float) -> str | None:
    if shares is None:
        return "unknown-confidence"
    return "low-confidence" if shares[verdict] < least else None


def _reasons(text: str) -> str:
    """Return the reasons of a JSON answer; of another one all that it says."""
    start, end = text.find("{"), text.rfind("}")
    try:
        said = json.loads(text[start : end + 1])["reasons"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return text.strip()
    return said if isinstance(said, str) else text.strip()
