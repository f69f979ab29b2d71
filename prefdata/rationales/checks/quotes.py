"""Whether the quotations of a rationale stand where it says that they do (D6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.rationales.checks.found import found
from prefdata.rationales.checks.texts import folded, word_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.rationales.checks.limits import Limits
    from prefdata.rationales.checks.texts import Read

__all__ = ["check_quotes", "place_quotes"]

_PLACES = ("x", "y", "prompt")
_TEXTS = {"x": "x_text", "y": "y_text", "prompt": "prompt_text"}
# What a quotation leaves out or puts in: dots, or words in brackets.
_LEFT_OUT = r"\.\.\.+|…|\[[^\]\n]*\]"
_LIKE_WORDS = 70.0


def check_quotes(placed: pl.DataFrame, read: Read) -> pl.DataFrame:
    """Count the quotations that are in no response, or in another one than the rationale says.

    A quotation from the prompt is right wherever it stands, and so is one whose response the
    sentence does not name if either has it. What is said to be missing from a response must not be
    in it, and cannot be checked otherwise.

    Args:
        placed: What `place_quotes` returned.
        read: The rationales.

    Returns:
        `FOUND`; the value is the share of quotations that stand where they should, null without
        any.
    """
    short = pl.col("quote").str.replace_all(r"\s+", " ").str.head(60)
    of_row = placed.group_by("row", maintain_order=True).agg(
        share=(pl.col("verdict") == "right").mean(),
        faults=(pl.col("verdict") + pl.lit(": “") + short + pl.lit("”")).filter(
            pl.col("verdict") != "right"
        ),
    )
    rows = read.rows.join(of_row, on="row", how="left", maintain_order="left")
    has_texts = pl.col("x_text").is_not_null() & pl.col("y_text").is_not_null()
    return found(
        rows,
        "quotes",
        value=pl.when(has_texts).then("share"),
        is_passed=pl.when(has_texts).then(pl.col("share") == 1.0),
        detail=pl.when(~has_texts)
        .then(pl.lit("the responses are not known"))
        .when(pl.col("share").is_null())
        .then(pl.lit("there is no quotation of several words"))
        .when(pl.col("faults").list.len() > 0)
        .then(pl.col("faults").list.join(" | ")),
    )


def place_quotes(read: Read, limits: Limits) -> pl.DataFrame:
    """Find the quotations of rationales in the two responses and the prompt.

    Args:
        read: The rationales.
        limits: How alike a quotation and a place must be.

    Returns:
        A row for each quotation, with the columns of ``read.quotes``, ``n_words``, ``in_x``,
        ``in_y``, ``in_prompt`` and ``verdict``: ``right``, ``misattributed`` or ``hallucinated``.
    """
    quotes = read.quotes.with_row_index("number")
    places = read.rows.filter(pl.col("row").is_in(quotes["row"].unique().implode())).select(
        "row", **{name: folded(text).fill_null("") for name, text in _TEXTS.items()}
    )
    parts = (
        quotes.select("number", "row", part=pl.col("quote").str.replace_all(_LEFT_OUT, "\n"))
        .with_columns(pl.col("part").str.split("\n"))
        .explode("part", empty_as_null=True, keep_nulls=True)
        .with_columns(folded("part"))
        .filter(pl.col("part") != "")
        .join(places, on="row", how="left", maintain_order="left")
    )
    told = parts.select(
        "number",
        "part",
        *(
            pl.col(name).str.contains(pl.col("part"), literal=True).alias(f"in_{name}")
            for name in _PLACES
        ),
        **{f"text_{name}": pl.col(name) for name in _PLACES},
    )
    told = _with_near(told, limits)
    whole = told.group_by("number").agg(pl.col(f"in_{name}").all() for name in _PLACES)
    filled = quotes.join(whole, on="number", how="left", maintain_order="left").with_columns(
        pl.col(f"in_{name}").fill_null(value=True) for name in _PLACES
    )
    return filled.with_columns(
        n_words=word_count("quote", limits.characters_per_word), verdict=_verdict()
    ).drop("number")


def _verdict() -> pl.Expr:
    in_owner = pl.when(pl.col("owner") == "X").then("in_x").otherwise("in_y")
    in_any = pl.col("in_x") | pl.col("in_y") | pl.col("in_prompt")
    return (
        pl.when(pl.col("in_prompt") | pl.col("is_missing"))
        .then(pl.lit("right"))
        .when(~in_any)
        .then(pl.lit("hallucinated"))
        .when(pl.col("owner").is_null() | in_owner)
        .then(pl.lit("right"))
        .otherwise(pl.lit("misattributed"))
    )


def _with_near(told: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Look for what is nowhere word by word once more, allowing for slips."""
    is_lost = ~(told["in_x"] | told["in_y"] | told["in_prompt"])
    lost = told.filter(is_lost)
    # A loop over rows, of the quotations that are in no text as they are; few in good rationales.
    near = [
        {
            "number": number,
            "part": part,
            **{
                f"in_{name}": _is_near(part, text, limits.quote_similarity)
                for name, text in zip(_PLACES, texts, strict=True)
            },
        }
        for number, part, *texts in lost.select(
            "number", "part", *(f"text_{name}" for name in _PLACES)
        ).iter_rows()
    ]
    names = ["number", "part", *(f"in_{name}" for name in _PLACES)]
    found_near = pl.DataFrame(near, schema=told.select(names).schema)
    return pl.concat([told.filter(~is_lost).select(names), found_near.select(names)])


def _is_near(part: str, text: str, similarity: float) -> bool:
    """Tell whether a text has a stretch like a quotation, with a like word for each of its words.

    The ratio alone would let a changed word pass in a long quotation.
    """
    from rapidfuzz import fuzz

    if len(part) > len(text):
        return False
    best = fuzz.partial_ratio_alignment(part, text, score_cutoff=similarity)
    if best is None:
        return False
    start = text.rfind(" ", 0, best.dest_start + 1) + 1
    end = text.find(" ", max(best.dest_end - 1, 0))
    return _has_words(part.split(), text[start : end if end >= 0 else len(text)].split())


def _has_words(words: Sequence[str], others: Sequence[str]) -> bool:
    from rapidfuzz import fuzz

    known = set(others)
    return all(
        word in known
        or (
            not any(map(str.isdigit, word))
            and any(fuzz.ratio(word, other) >= _LIKE_WORDS for other in known)
        )
        for word in words
    )
