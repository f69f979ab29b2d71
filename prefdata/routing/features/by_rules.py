"""Tags of prompts by words and forms alone, where no language model is asked.

These are weak: they know the words that are written in ``rules.yaml`` and not what a prompt means.
`How do I kill a process?` mentions killing, and a question about cells may be about prisons. What
they are good for is a first look, and to tell comparisons apart where a model is too dear. They
abstain rather than guess: where nothing is found, the value is null, and a dimension whose words
are English says nothing of prompts in other languages.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import polars as pl

from prefdata.routing.features.names import DIMENSIONS, OPEN_SETS, SCALES, SUBJECTS
from prefdata.routing.features.rules import rules, written_words
from prefdata.texts.language import languages

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["rule_tags"]

_SUBJECT, _COMPLEXITY = "subject_of_expertise", "complexity_of_intents"
_OF_USER = (_SUBJECT, "expertise_level", "safety_concern")
_OF_LAST = ("open_endedness", _COMPLEXITY, *OPEN_SETS)
_MOST_SUBJECTS = 3
_ENOUGH = 2
"""Weight of the words that name a subject: that of a sure one, or of two that hint at it."""
_QUESTION = r"[?\x{FF1F}\x{61F}]"
_ITEM = r"(?m)^\s*(?:[-*•]|\d+[.)])\s+\S"
_HIT = {
    "row": pl.UInt32(),
    "dimension": pl.String(),
    "value": pl.String(),
    "rank": pl.Int64(),
    "weight": pl.Int64(),
}


def rule_tags(prompts: pl.DataFrame) -> pl.DataFrame:
    """Return what the rules say of each prompt.

    Fields of knowledge, level and safety are read from all that the user said, so that the end of
    a conversation is not taken for the whole; what is asked for, and in what form, from the last
    message.

    Args:
        prompts: Columns ``user`` (all that the user said) and ``last`` (the last message).

    Returns:
        A column for each of `DIMENSIONS`, lists of values in the order of the rows; null where the
        rules cannot tell, empty where they see that there is nothing.
    """
    named = languages(prompts["user"])["language"]
    is_read = (named == "en").fill_null(value=True)
    hits = _hits(prompts, is_read)
    subjects = _subjects(hits)
    hits = pl.concat([hits, _hits_by_subject(subjects)])
    found = {
        _SUBJECT: _listed(subjects, prompts.height, empty=False),
        "languages": named.replace_strict(rules().languages, default=None, return_dtype=pl.String),
        _COMPLEXITY: _complexity(prompts["last"], hits, is_read),
    }
    for name in SCALES:
        if name != _COMPLEXITY:
            first = (
                hits.filter(pl.col("dimension") == name)
                .sort("row", "rank")
                .unique("row", keep="first", maintain_order=True)
            )
            found[name] = _listed(first, prompts.height, empty=False)
    for name in OPEN_SETS:
        of = hits.filter(pl.col("dimension") == name)
        found[name] = _listed(of, prompts.height, empty=True)
    lists = pl.DataFrame({name: found[name] for name in DIMENSIONS}).with_columns(
        pl.when(pl.col(name).is_not_null()).then(pl.concat_list(name)).alias(name)
        for name in ("languages", _COMPLEXITY)
    )
    # Words were not read, so that none were found says nothing.
    silent = ~pl.lit(is_read) & (pl.col("format_constraints").list.len() == 0)
    return lists.with_columns(format_constraints=pl.when(~silent).then("format_constraints"))


def _hits(prompts: pl.DataFrame, is_read: pl.Series) -> pl.DataFrame:
    """Return what was found in which row, by words and by patterns: rows of `_HIT`."""
    parts = []
    for column, of in (("user", _OF_USER), ("last", _OF_LAST)):
        parts.append(_term_hits(prompts[column], is_read, of))
        parts += [
            _pattern_hits(prompts[column], pattern, dimension, value, rank)
            for rank, (dimension, value, given) in enumerate(rules().values())
            if dimension in of
            for pattern in given.patterns
        ]
    return pl.concat(parts)


def _term_hits(texts: pl.Series, is_read: pl.Series, of: Sequence[str]) -> pl.DataFrame:
    known = _terms().filter(pl.col("dimension").is_in(of))
    terms = known["term"].unique(maintain_order=True).to_list()
    return (
        pl.DataFrame({"text": written_words(texts)})
        .with_row_index("row")
        .filter(is_read)
        .select("row", term=pl.col("text").str.extract_many(terms, overlapping=True))
        .explode("term")
        .drop_nulls()
        .unique()
        .join(known, on="term")
        .select(*_HIT)
    )


def _pattern_hits(
    texts: pl.Series, pattern: str, dimension: str, value: str, rank: int
) -> pl.DataFrame:
    rows = texts.fill_null("").str.contains(f"(?i){pattern}").arg_true()
    return pl.DataFrame({"row": rows}, schema={"row": pl.UInt32}).with_columns(
        dimension=pl.lit(dimension),
        value=pl.lit(value),
        rank=pl.lit(rank, pl.Int64),
        weight=pl.lit(1, pl.Int64),
    )


@functools.cache
def _terms() -> pl.DataFrame:
    """Return what each term stands for: term, and what of `_HIT` it gives."""
    rows: list[tuple[str, str, str, int, int]] = []
    for rank, (dimension, value, given) in enumerate(rules().values()):
        rows += [(term, dimension, value, rank, 1) for term in given.terms]
    for subject, words in rules().subjects.items():
        for terms, weight in ((words.sure, _ENOUGH), (words.hints, 1)):
            rank = SUBJECTS.index(subject)
            rows += [(term, _SUBJECT, subject, rank, weight) for term in terms]
    rows += [(term, _COMPLEXITY, "", 0, 1) for term in rules().complexity_of_intents.asks]
    schema = {"term": pl.String(), **{name: _HIT[name] for name in _HIT if name != "row"}}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _subjects(hits: pl.DataFrame) -> pl.DataFrame:
    """Return the subjects of each row, the clearest first: rows of `_HIT`."""
    scored = (
        hits.filter(pl.col("dimension") == _SUBJECT)
        .group_by("row", "dimension", "value", "rank")
        .agg(pl.col("weight").sum())
        .filter(pl.col("weight") >= _ENOUGH)
        # A long text mentions many things in passing.
        .filter(pl.col("weight") * 2 >= pl.col("weight").max().over("row"))
        .sort("row", "weight", "rank", descending=[False, True, False])
    )
    return scored.filter(pl.int_range(pl.len()).over("row") < _MOST_SUBJECTS).select(*_HIT)


def _hits_by_subject(subjects: pl.DataFrame) -> pl.DataFrame:
    """Return the values that rows have because of their subject: rows of `_HIT`."""
    given = [
        (subject, dimension, value, rank)
        for rank, (dimension, value, declared) in enumerate(rules().values())
        for subject in declared.subjects
    ]
    schema = {"subject": pl.String, "dimension": pl.String, "value": pl.String, "rank": pl.Int64}
    table = pl.DataFrame(given, schema=schema, orient="row")
    named = subjects.select("row", subject="value", weight=pl.lit(1, pl.Int64))
    return named.join(table, on="subject").select(*_HIT)


def _listed(hits: pl.DataFrame, height: int, *, empty: bool) -> pl.Series:
    """Return the values of each row as a list, in order of their rank; else empty or null."""
    lists = (
        hits.select("row", "value", "rank")
        .unique()
        .sort("row", "rank")
        .group_by("row", maintain_order=True)
        .agg("value")
    )
    rows = pl.DataFrame({"row": pl.int_range(height, dtype=pl.UInt32, eager=True)})
    found = rows.join(lists, on="row", how="left", maintain_order="left")["value"]
    nothing = pl.Series([[]], dtype=pl.List(pl.String))
    return found.to_frame().select(pl.col("value").fill_null(nothing))["value"] if empty else found


def _complexity(texts: pl.Series, hits: pl.DataFrame, is_read: pl.Series) -> pl.Series:
    """Return the level of complexity, from the number of things that are asked for."""
    limits = rules().complexity_of_intents
    words = (
        hits.filter(pl.col("dimension") == _COMPLEXITY)
        .group_by("row")
        .agg(words=pl.len().cast(pl.Int64))
    )
    counted = (
        texts.fill_null("")
        .alias("text")
        .to_frame()
        .with_row_index("row")
        .select(
            "row",
            forms=pl.col("text").str.count_matches(_QUESTION)
            + pl.col("text").str.count_matches(_ITEM),
        )
        .join(words, on="row", how="left", maintain_order="left")
        .select(n=pl.col("forms").cast(pl.Int64) + pl.col("words").fill_null(0))
        .to_series()
    )
    level = (
        pl.when(~pl.lit(is_read) | (pl.lit(counted) == 0))
        .then(None)
        .when(pl.lit(counted) <= limits.simple_up_to)
        .then(pl.lit("simple"))
        .when(pl.lit(counted) <= limits.moderate_up_to)
        .then(pl.lit("moderate"))
        .otherwise(pl.lit("complex"))
    )
    return pl.select(level.alias("level")).to_series()
