"""Rows of `judgments` and `annotators`, and of the quarantine, from what judges said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.core.fingerprint import canonical_json
from prefdata.stages._judge.reading import RULES
from prefdata.stages._judge.wording import FIRST, SECOND, TIE
from prefdata.tables.bundle import REJECT_COLUMNS
from prefdata.tables.identity import hash_tuple

if TYPE_CHECKING:
    from prefdata.protocols import ChatAnswers, ChatParams
    from prefdata.stages._judge.wording import Task

__all__ = ["annotator_id", "annotator_rows", "judgment_rows", "named", "reject_rows"]

_RAW_CHARS = 4096
_RATED = ("prompt_id", "aspect", "judgment_id", "annotator_id")


def annotator_id(
    source: str, step: str, answers: ChatAnswers, constitution: str | None = None
) -> str:
    """Return ``<source>:<step>/<model>@<chat>``, and ``/<constitution>`` where there is one.

    The chat is the digest of server, model and wording, as in the table `answers`: the same model
    asked in another way is another judge, and so is one that goes by other principles.
    """
    name = f"{source}:{step}/{answers.model}@{answers.chat}"
    return name if constitution is None else f"{name}/{constitution}"


def annotator_rows(
    judge: str, model: ChatParams, chat: str, task: Task, constitution: str | None = None
) -> pl.DataFrame:
    """Make the row of a judge, without source and stage."""
    said: dict[str, Any] = {
        "chat": chat,
        "protocol": task.protocol,
        "reasoning": "before" if task.has_reasons else "none",
        "ties": task.has_ties,
        "wording": model.wording(),
    }
    if constitution is not None:
        said["constitution"] = constitution
    return pl.DataFrame(
        {
            "annotator_id": [judge],
            "kind": ["model"],
            "model": [model.model],
            "raw": [canonical_json(said)],
        }
    )


def named(read: pl.DataFrame, judge: str, task: Task) -> pl.DataFrame:
    """Give what was read the ids of its annotator and its judgment.

    The id of a judgment is the digest (`prefdata.tables.identity.hash_tuple`) of annotator,
    prompt, aspect, protocol and, for a choice, of the two responses in the order shown. Ratings
    of all responses to a prompt are one judgment.

    Args:
        read: Columns prompt_id, aspect, shown, and what `read_answers` returns.
        judge: Id of the annotator.
        task: What was asked.
    """
    parts: list[str | pl.Expr] = [pl.lit(judge), "prompt_id", "aspect", pl.lit(task.protocol)]
    if task.protocol == "pairwise":
        parts += [pl.col("shown").list.get(0), pl.col("shown").list.get(1)]
    return read.with_columns(annotator_id=pl.lit(judge), judgment_id=hash_tuple(read, *parts))


def judgment_rows(read: pl.DataFrame, chat: str, task: Task) -> pl.DataFrame:
    """Make rows of `judgments`, without source and stage, of what could be read.

    Args:
        read: As `named` returns it.
        chat: Digest of the chat, for `raw`.
        task: What was asked.
    """
    good = read.filter(pl.col("rule").is_null())
    rows = _choices(good, chat) if task.protocol == "pairwise" else _ratings(good, chat)
    return rows.with_columns(protocol=pl.lit(task.protocol))


def _choices(good: pl.DataFrame, chat: str) -> pl.DataFrame:
    """Make one row for each verdict, in the order shown."""
    verdict = pl.col("verdict")
    has_scores = pl.col("scores").is_not_null()
    return good.select(
        *_RATED,
        outcome=pl.when(verdict == TIE).then(pl.lit("tie")).otherwise(pl.lit("chosen")),
        response_ids="shown",
        is_order_known=pl.lit(value=True),
        chosen=pl.concat_list(verdict == FIRST, verdict == SECOND),
        scores="scores",
        raw_values=pl.concat_list(verdict, verdict),
        scale_min=pl.when(has_scores).then(0.0),
        scale_max=pl.when(has_scores).then(1.0),
        comment="reasons",
        raw=_raw(chat, "request", "shares"),
    )


def _ratings(good: pl.DataFrame, chat: str) -> pl.DataFrame:
    """Make one row for all ratings of the responses to a prompt for an aspect."""
    rows = good.group_by(_RATED, maintain_order=True).agg(
        response_ids=pl.col("shown").list.first(),
        scores=pl.col("scores").list.first(),
        raw_values="verdict",
        comments="reasons",
        request=pl.col("request").str.join(","),
    )
    has_comments = pl.col("comments").list.drop_nulls().list.len() > 0
    return rows.select(
        *_RATED,
        "response_ids",
        "scores",
        "raw_values",
        # Each response was shown alone, so there was no order.
        is_order_known=pl.lit(value=False),
        scale_min=pl.lit(1.0),
        scale_max=pl.lit(10.0),
        comments=pl.when(has_comments).then("comments"),
        raw=_raw(chat, "request", None),
    )


def _raw(chat: str, request: str, shares: str | None) -> pl.Expr:
    """Write JSON that leads to the rows in `answers`, with the probability of each choice."""
    parts = [pl.lit(f'{{"chat":"{chat}","request":"'), pl.col(request), pl.lit('"')]
    if shares is not None:
        parts.append((pl.lit(',"shares":') + pl.col(shares)).fill_null(""))
    return pl.concat_str(*parts, pl.lit("}"))


def reject_rows(read: pl.DataFrame, model: str, task: Task) -> pl.DataFrame:
    """Make one reject of each request that yields no verdict.

    Args:
        read: As `named` returns it; the id is that of the judgment which it would have been in.
        model: Name of the judge.
        task: What was asked.
    """
    rule = pl.col("rule")
    bad = read.filter(rule.is_not_null())
    why = pl.concat_str(
        rule.replace_strict(RULES, return_dtype=pl.String),
        pl.lit(f": {model} on "),
        pl.col("shown").list.join(" | "),
        pl.lit(" for "),
        "aspect",
        (pl.lit(". ") + pl.col("detail")).fill_null(""),
    )
    known = {
        "subject": pl.lit("judgments"),
        "id": pl.col("judgment_id"),
        "field": pl.lit("outcome" if task.protocol == "pairwise" else "scores"),
        "rule": rule,
        "reason": why,
        "raw": pl.col("text").str.slice(0, _RAW_CHARS),
    }
    return bad.select(
        known.get(name, pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in REJECT_COLUMNS.items()
    )
