"""Comparisons of MultiPref as prompts, responses, annotators and judgments, and the way back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.schema import conform, table_schema
from prefdata.sources._multipref.shape import ASPECTS, LABELS, POOLS, SOURCE
from prefdata.tables.identity import hash_messages
from prefdata.tables.leftover import json_object
from prefdata.tables.messages import message, messages_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.protocols import RawFile

__all__ = ["LICENSE", "Annotators", "origin", "rebuild", "tables_of"]

LICENSE = "ODC-By-1.0"
_SIDES = ("a", "b")
_FACTS = ["prompt_id", "source", "subject_study", "highest_level_degree"]
_TIME = "%Y-%m-%d %H:%M:%S%.6f"


def origin(raw: RawFile) -> dict[str, pl.Expr]:
    """Return the columns that say where a row comes from."""
    return {
        "source": pl.lit(SOURCE),
        "revision": pl.lit(raw.revision, pl.String),
        "file": pl.lit(raw.name),
        "row": pl.col("row"),
    }


class Annotators:
    """Who was named so far; each annotator is written once, where they first occur."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._known: set[str] = set()

    def new(self, named: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of `annotators` that were not returned before."""
        first = named.unique("annotator_id", keep="first", maintain_order=True)
        first = first.filter(~pl.col("annotator_id").is_in(list(self._known)))
        self._known.update(first["annotator_id"])
        return conform(first, table_schema("annotators"))


def tables_of(
    rows: pl.DataFrame, features: pl.Series, raw: RawFile, annotators: Annotators
) -> dict[str, pl.DataFrame]:
    """Make the canonical tables of kept comparisons.

    Args:
        rows: Comparisons in the common shape.
        features: Per row a JSON object of its features, or null.
        raw: The file.
        annotators: Who was named before.
    """
    said = pl.concat([_said(rows, pool) for pool in POOLS])
    people = said.select(
        kind=pl.lit("human"), pool="pool", annotator_id=_annotator_id(), **origin(raw)
    ).sort("row", maintain_order=True)
    judgments = pl.concat([_judgments(said, word, raw) for word in ASPECTS])
    return {
        "annotators": annotators.new(people),
        "prompts": conform(_prompts(rows, features, raw), table_schema("prompts")),
        "responses": conform(_responses(rows, raw), table_schema("responses")),
        "judgments": conform(judgments.sort("row", maintain_order=True), table_schema("judgments")),
    }


def _prompt_id() -> pl.Expr:
    return pl.lit(f"{SOURCE}:") + pl.col("comparison_id")


def _annotator_id() -> pl.Expr:
    return pl.format(f"{SOURCE}:{{}}/{{}}", "pool", "evaluator")


def _prompts(rows: pl.DataFrame, features: pl.Series, raw: RawFile) -> pl.DataFrame:
    evaluators = [
        pl.col(column).list.eval(pl.element().struct.field("evaluator")).alias(f"{pool}_workers")
        for pool, column in POOLS.items()
    ]
    facts = rows.select(
        *_FACTS,
        *evaluators,
        "extra",
        features.alias("features"),
        category=pl.when(pl.col("category") == "").then("category"),
    )
    fixed = [*_FACTS, *(f"{pool}_workers" for pool in POOLS)]
    prompts = rows.select(
        prompt_id=_prompt_id(),
        subset=pl.lit("default"),
        split=pl.lit("train"),
        turn=pl.lit(0, pl.Int32),
        messages=messages_of(message("user", "text")),
        topic=pl.when(pl.col("category") != "").then("category"),
        license=pl.lit(LICENSE),
        raw=json_object(
            facts, fixed=fixed, sparse=["category"], nested=["extra", "features"], file=raw.name
        ),
        **origin(raw),
    )
    return prompts.with_columns(content_hash=hash_messages(prompts["messages"]))


def _responses(rows: pl.DataFrame, raw: RawFile) -> pl.DataFrame:
    sides = [
        rows.select(
            response_id=_prompt_id() + f"/{side}",
            prompt_id=_prompt_id(),
            position=pl.lit(position, pl.Int32),
            messages=messages_of(message("assistant", f"completion_{side}")),
            text=f"completion_{side}",
            model=f"model_{side}",
            license=pl.lit(LICENSE),
            **origin(raw),
        )
        for position, side in enumerate(_SIDES)
    ]
    both = pl.concat(sides).sort("row", maintain_order=True)
    return both.with_columns(content_hash=hash_messages(both["messages"]))


def _said(rows: pl.DataFrame, pool: str) -> pl.DataFrame:
    """Unfold the annotations of one pool: one row each, in the order of the list."""
    said = rows.select("comparison_id", "row", pool=pl.lit(pool), one=POOLS[pool])
    said = said.filter(pl.col("one").list.len() > 0).explode("one").unnest("one")
    repeat = pl.int_range(pl.len()).over("row", "evaluator")
    time = pl.col("timestamp").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    said = said.with_columns(
        suffix=pl.when(repeat > 0).then(pl.format("~{}", repeat)).otherwise(pl.lit("")),
        judged_at=time,
        seconds=pl.when(pl.col("time_spent").fill_nan(None) >= 0).then("time_spent"),
    )
    is_exact = pl.col("judged_at").dt.to_string(_TIME).eq_missing(pl.col("timestamp"))
    odd = said.select(
        timestamp=pl.when(~is_exact).then("timestamp"),
        time_spent=pl.when(pl.col("time_spent") < 0).then("time_spent"),
    )
    raw = json_object(odd, sparse=odd.columns, file=pool)
    return said.with_columns(raw.alias("raw"))


def _judgments(said: pl.DataFrame, word: str, raw: RawFile) -> pl.DataFrame:
    label = pl.col(f"{word}_pref")
    side = label.replace_strict({key: better for key, (better, _) in LABELS.items()})
    is_decided = side.is_in(_SIDES)
    has_reasons = word != "overall"
    nothing = pl.lit(None, pl.String)
    return said.select(
        "seconds",
        "judged_at",
        "raw",
        judgment_id=pl.format(
            f"{{}}/{{}}/{{}}/{ASPECTS[word]}{{}}", _prompt_id(), "pool", "evaluator", "suffix"
        ),
        prompt_id=_prompt_id(),
        annotator_id=_annotator_id(),
        aspect=pl.lit(ASPECTS[word]),
        protocol=pl.lit("pairwise"),
        outcome=pl.when(label.is_null())
        .then(pl.lit("not_given"))
        .when(is_decided)
        .then(pl.lit("chosen"))
        .otherwise(pl.lit("tie")),
        response_ids=pl.concat_list(_prompt_id() + "/a", _prompt_id() + "/b"),
        is_order_known=pl.lit(value=True),
        chosen=pl.when(label.is_not_null()).then(pl.concat_list(side == "a", side == "b")),
        # The source has one label for the pair; it stands beside each response.
        raw_values=pl.when(label.is_not_null()).then(pl.concat_list(label, label)),
        strength=label.replace_strict({key: strength for key, (_, strength) in LABELS.items()}),
        confidence=f"{word}_confidence",
        comment=pl.col(f"{word}_own_reason") if has_reasons else nothing,
        reasons=pl.col(f"{word}_checked_reasons")
        if has_reasons
        else pl.lit(None, pl.List(pl.String)),
        **origin(raw),
    )


def rebuild(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    """Reassemble the comparisons of the default configuration, by file and in row order."""
    prompts = tables["prompts"].filter(pl.col("subset") == "default")
    texts = {
        (row["prompt_id"], row["position"]): row
        for row in tables["responses"].select("prompt_id", "position", "text", "model").to_dicts()
    }
    said = _annotations(tables["judgments"])
    files: dict[str, list[dict[str, Any]]] = {}
    # A loop over rows: this is the proof that nothing is lost, not a hot path.
    for prompt in prompts.sort("file", "row").iter_rows(named=True):
        key = prompt["prompt_id"]
        facts = json.loads(prompt["raw"])
        row: dict[str, Any] = {
            "comparison_id": key.removeprefix(f"{SOURCE}:"),
            "text": prompt["messages"][0]["content"],
            "category": facts.get("category", prompt["topic"]),
            **{name: facts[name] for name in _FACTS},
        }
        for position, side in enumerate(_SIDES):
            row[f"model_{side}"] = texts[key, position]["model"]
            row[f"completion_{side}"] = texts[key, position]["text"]
        for pool, column in POOLS.items():
            names = facts[f"{pool}_workers"]
            row[column] = None if names is None else _in_list_order(said, key, pool, names)
        files.setdefault(prompt["file"], []).append({**row, **facts.get("extra", {})})
    return files


def _in_list_order(
    said: dict[tuple[str, str, str, str], dict[str, Any]], key: str, pool: str, names: list[str]
) -> list[dict[str, Any]]:
    found = []
    for at, name in enumerate(names):
        repeat = names[:at].count(name)
        found.append(said[key, pool, name, f"~{repeat}" if repeat else ""])
    return found


def _annotations(judgments: pl.DataFrame) -> dict[tuple[str, str, str, str], dict[str, Any]]:
    """Gather the four judgments of each annotation, by prompt, pool, evaluator and repeat."""
    words = {aspect: word for word, aspect in ASPECTS.items()}
    found: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    rows = judgments.with_columns(at=pl.col("judged_at").dt.to_string(_TIME))
    for row in rows.iter_rows(named=True):
        pool, _, name = row["annotator_id"].removeprefix(f"{SOURCE}:").partition("/")
        if pool not in POOLS or not name:
            continue
        word = words[row["aspect"]]
        suffix = row["judgment_id"].removeprefix(
            f"{row['prompt_id']}/{pool}/{name}/{row['aspect']}"
        )
        one = found.setdefault((row["prompt_id"], pool, name, suffix), {})
        one |= {"evaluator": name, "time_spent": row["seconds"], "timestamp": row["at"]}
        one |= json.loads(row["raw"]) if row["raw"] else {}
        one[f"{word}_pref"] = row["raw_values"][0] if row["raw_values"] else None
        one[f"{word}_confidence"] = row["confidence"]
        if word != "overall":
            one[f"{word}_own_reason"] = row["comment"]
            one[f"{word}_checked_reasons"] = row["reasons"]
    return found
