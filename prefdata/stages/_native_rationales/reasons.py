"""Reasons ticked from a list, as MultiPref has them for each of three aspects."""

from __future__ import annotations

import polars as pl

from prefdata.stages._native_rationales.found import OF_JUDGMENT, found_rows, scope_of

__all__ = ["TAGS", "texts_of_reasons"]

TAGS = {
    "correctness": r"correct|accura|factual|error|mistake|truth|hallucinat|misinform|source|"
    r"does not know|uncertain|honest",
    "instruction": r"instruction|constraint|request|relevan|on.topic|adher|follows|intent",
    "completeness": r"complete|thorough|detail|comprehensive|depth|informati|covers",
    "safety": r"harm|safe|danger|risk|offens|toxic|respectful|refus|bias|illegal|ethic|legal",
    "style": r"style|written|fluen|easier|readab|understand|clear|clarity|writing",
    "tone": r"tone|polite|friendly|respectful|warm",
    "length": r"length|concise|short|brief|verbos|longe?r?\b",
    "format": r"format|structur|organi[sz]|layout|bullet",
    "creativity": r"creativ|original|interesting|engaging",
}
"""Criterion, and the words of a reason that are about it."""

_OF_ASPECT = {"truthfulness": "correctness", "harmlessness": "safety"}


def texts_of_reasons(judgments: pl.DataFrame) -> pl.DataFrame:
    """Return the ticked reasons, one text for each list.

    ``aspects`` are the criteria of `TAGS` whose words the reasons have, and that of the aspect
    itself where it is truthfulness or harmlessness. Lists are the source's vocabulary, which may
    grow; so words are looked for, not whole reasons.

    Args:
        judgments: Judgments of the source.
    """
    given = pl.col("reasons").list.drop_nulls()
    rows = judgments.filter(given.list.len() > 0)
    said = pl.element().str.strip_chars()
    joined = given.list.eval(said.filter(said != "")).list.join("; ")
    rows = rows.select(
        *OF_JUDGMENT,
        "response_ids",
        text=joined,
        native_raw=pl.when(joined != "")
        .then(pl.struct(reasons="reasons").struct.json_encode())
        .otherwise(pl.lit("")),
        field=pl.lit("reasons"),
        scope=scope_of(pl.col("response_ids").list.len(), pl.col("protocol")),
        kind=pl.lit("reason"),
    )
    tags = [
        pl.when(
            pl.col("text").str.contains(rf"(?i)\b(?:{words})")
            | (pl.col("aspect").replace_strict(_OF_ASPECT, default=None) == tag).fill_null(
                value=False
            )
        ).then(pl.lit(tag))
        for tag, words in TAGS.items()
    ]
    return found_rows(rows.with_columns(aspects=pl.concat_list(tags).list.drop_nulls()))
