"""Rows of `judgments` and `annotators`, and of the quarantine, from answers of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.annotation.answers import RULES, spelt
from prefdata.tables.bundle import REJECT_COLUMNS
from prefdata.tables.identity import hash_tuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["STRENGTHS", "annotator_rows", "judgment_rows", "reject_rows", "with_sources"]

STRENGTHS = {2: "much", 1: "slightly"}
"""How strongly, in our words, by the distance of the choice from a tie."""

_PROTOCOL = "pairwise"
_RAW_CHARS = 4096
_SAID = ("tool", "answer_id", "version", "plan_id", "batch", "arm", "raw")


def with_sources(read: pl.DataFrame, tasks: pl.DataFrame, sources: Sequence[str]) -> pl.DataFrame:
    """Give every answer a source, so that none vanishes, and leave out those of other sources.

    An answer to no task of ours belongs to no source. It is rejected under that of its plan; if
    the plan is foreign too, under that of the other answers in its file (the first by name); and
    else under the first of the sources.

    Args:
        read: As `prefdata.annotation.answers.classify` returns it.
        tasks: All tasks that were handed off.
        sources: The sources that the stage works on, at least one.
    """
    of_plan = tasks.group_by("plan_id").agg(of_plan=pl.col("source").min())
    filled = (
        read.join(of_plan, on="plan_id", how="left", maintain_order="left")
        .with_columns(source=pl.coalesce("source", "of_plan"))
        .with_columns(source=pl.coalesce("source", pl.col("source").min().over("file")))
        .with_columns(source=pl.col("source").fill_null(sources[0]))
    )
    return filled.filter(pl.col("source").is_in(list(sources))).drop("of_plan")


def annotator_rows(kept: pl.DataFrame, experts: Collection[str]) -> pl.DataFrame:
    """Make the row of each annotator who judged something, without ``stage``.

    Args:
        kept: Answers that count; ``is_expert`` where that was told with a file.
        experts: Names of more experts, as a tool spells them; case does not count.
    """
    names = [spelt(name) for name in experts]
    is_expert = pl.col("is_expert") | pl.col("annotator").str.to_lowercase().is_in(names)
    return (
        kept.unique("annotator_id", keep="first", maintain_order=True)
        .sort("annotator_id")
        .select(
            "annotator_id",
            "source",
            kind=pl.when("is_named").then(pl.lit("human")).otherwise(pl.lit("group")),
            pool=pl.when(is_expert).then(pl.lit("expert")),
        )
    )


def judgment_rows(kept: pl.DataFrame) -> pl.DataFrame:
    """Make rows of `judgments`, without ``stage``, in the order in which responses were shown.

    The id is the digest (`prefdata.tables.identity.hash_tuple`) of annotator, prompt, aspect,
    protocol and the two responses in the order shown, as of verdicts of a judge; and of the name
    of the answer, where the tool does not say who gave it.

    Args:
        kept: Answers that count.
    """
    a, b = pl.col("response_a_id"), pl.col("response_b_id")
    choice = pl.col("choice")
    rows = kept.with_columns(
        first=pl.when("is_swapped").then(b).otherwise(a),
        second=pl.when("is_swapped").then(a).otherwise(b),
        anonymous=pl.when(~pl.col("is_named")).then("answer_id"),
    )
    parts = ("annotator_id", "prompt_id", "aspect", pl.lit(_PROTOCOL), "first", "second")
    ids = hash_tuple(rows, *parts)
    unnamed = hash_tuple(rows, *parts, "anonymous")
    return rows.select(
        "prompt_id",
        "source",
        "annotator_id",
        "aspect",
        "confidence",
        "comment",
        "file",
        "row",
        judgment_id=pl.when("is_named").then(ids).otherwise(unnamed),
        protocol=pl.lit(_PROTOCOL),
        outcome=pl.when(choice == 0).then(pl.lit("tie")).otherwise(pl.lit("chosen")),
        response_ids=pl.concat_list("first", "second"),
        is_order_known=pl.lit(value=True),
        chosen=pl.concat_list(choice > 0, choice < 0),
        raw_values=pl.concat_list("raw_value", "raw_value"),
        strength=choice.abs().replace_strict(STRENGTHS, default=None, return_dtype=pl.String),
        # A clock that was set back makes a negative time, which means nothing.
        seconds=pl.when(pl.col("seconds") >= 0).then("seconds"),
        judged_at="answered_at",
        raw=pl.struct(_SAID).struct.json_encode(),
    ).sort("source", "judgment_id")


def reject_rows(read: pl.DataFrame) -> pl.DataFrame:
    """Make one reject of each answer that does not count, with ``source``.

    Args:
        read: Answers with a ``rule`` or without.
    """
    rule = pl.col("rule")
    fields = {name: field for name, (field, _) in RULES.items()}
    sentences = {name: sentence for name, (_, sentence) in RULES.items()}
    why = pl.concat_str(
        rule.replace_strict(sentences, return_dtype=pl.String),
        pl.lit(": "),
        pl.col("annotator").fill_null("somebody"),
        pl.lit(" on "),
        pl.col("comparison_id").fill_null("nothing that has a name"),
        (pl.lit(". ") + pl.col("detail")).fill_null(""),
    )
    known = {
        "file": pl.col("file"),
        "row": pl.col("row"),
        "subject": pl.lit("judgments"),
        "id": pl.coalesce("comparison_id", "answer_id"),
        "field": rule.replace_strict(fields, return_dtype=pl.String),
        "rule": rule,
        "reason": why,
        "raw": pl.col("raw").str.slice(0, _RAW_CHARS),
    }
    return read.filter(rule.is_not_null()).select(
        *(known[name].cast(dtype).alias(name) for name, dtype in REJECT_COLUMNS.items()),
        "source",
    )
