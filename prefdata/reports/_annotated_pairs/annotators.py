"""Who prefers what: people and models by their labels, principles by their votes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from prefdata.constitution.ballots import (
    FAILED,
    INCONSISTENT,
    NOT_APPLICABLE,
    read_principles,
    vote_matrix,
)
from prefdata.constitution.labels import read_labelled
from prefdata.constitution.names import principle_id
from prefdata.core.fingerprint import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from prefdata.constitution.labels import Labelled
    from prefdata.reports._annotated_pairs.params import AnnotatedPairs

__all__ = ["ABSENT", "DEFAULT_ANNOTATOR", "Annotated", "read_annotated"]

DEFAULT_ANNOTATOR = "ba751e7b"
"""The id that the viewer takes for the annotator whom others are compared with; it is a constant of
inverse-cai, the start of the MD5 of a sentence."""

ABSENT = -4
"""A step of votes did not vote on the comparison at all."""

_MACHINES = ("model", "rule")
_DIGITS = 16
_DECISIVE = {1: "a", -1: "b"}
_REASONS = {0: "both", INCONSISTENT: "both", NOT_APPLICABLE: "not_applicable", FAILED: "invalid"}


@dataclass(frozen=True, slots=True)
class Annotated:
    """What is written of one source, but for the texts."""

    comparisons: pl.DataFrame
    """Columns of `prefdata.constitution.labels.COMPARED`, and ``n_labels`` as a text."""
    labels: pl.DataFrame
    """``at`` (row of ``comparisons``), ``annotator`` and ``sign``: 1 for a, -1 for b, 0 a tie."""
    annotators: dict[str, dict[str, str]]
    """All annotators of the file, by id: the pooled one first, principles last."""
    principles: pl.DataFrame
    """``annotator``, ``sentence`` and ``is_opposite``, one for each column of ``votes``."""
    votes: NDArray[np.int8]
    """``(n_comparisons, n_principles)``: as in `Ballots`, and `ABSENT`."""
    constitution: tuple[str, ...] | None
    """Its sentences, in order; None where there is none to write."""
    n_voted: int
    """Comparisons on which some principle voted."""

    @property
    def pooled(self) -> NDArray[np.int8]:
        """Return ``(n_comparisons,)``: the label of most, 0 where it is a tie or there is none."""
        mine = self.labels.filter(pl.col("annotator") == DEFAULT_ANNOTATOR)
        signs = np.zeros(self.comparisons.height, np.int8)
        signs[mine["at"].to_numpy()] = mine["sign"].to_numpy()
        return signs

    def fragments(self, column: int) -> pl.Series:
        """Return what a principle's votes look like in the file, by code from `ABSENT` to 2.

        Args:
            column: Of ``votes``.
        """
        name = self.principles["annotator"][column]
        codes = range(ABSENT, INCONSISTENT + 1)
        return pl.Series([annotation(name, code) for code in codes], dtype=pl.String)


def annotation(name: str, code: int) -> str:
    """Write one annotation, with a comma before it; nothing for one that is absent."""
    if code == ABSENT or code not in {*_DECISIVE, *_REASONS}:
        return ""
    value: dict[str, str | None] = {"pref": _DECISIVE.get(code)}
    if code not in _DECISIVE:
        value["no_pref_reason"] = _REASONS[code]
    return f",{json.dumps(name)}:{json.dumps(value, separators=(',', ':'))}"


def read_annotated(tables: Mapping[str, pl.LazyFrame], params: AnnotatedPairs) -> Annotated:
    """Read the labels and votes of one source.

    Args:
        tables: Those of the report, with the rows of the source alone.
        params: What is asked for.
    """
    comparisons, said = _wanted(read_labelled(tables, params.pairs), params)
    labels, annotators = _labels(said, tables, params)
    held = _constitution(tables, params)
    principles, votes = _votes(comparisons, tables, params)
    if params.principles == "constitution" and held is not None:
        principles, votes = _held(principles, votes, held)
    is_used = (votes != ABSENT).any(axis=0)
    principles, votes = principles.filter(pl.Series(is_used)), votes[:, is_used]
    annotators |= {
        name: {"description": sentence, "type": "principle"}
        for name, sentence in principles.select("annotator", "sentence").iter_rows()
    }
    return Annotated(
        comparisons=comparisons,
        labels=labels,
        annotators=annotators,
        principles=principles,
        votes=votes,
        constitution=None if held is None else tuple(held["sentence"]),
        n_voted=int((votes != ABSENT).any(axis=1).sum()),
    )


def _wanted(labelled: Labelled, params: AnnotatedPairs) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the comparisons that are written, with ``n_labels``, and their labels."""
    said = labelled.labels
    if params.ties == "drop":
        decided = _most(_pool(said)).filter(pl.col("sign") != 0)
        said = said.join(decided, on="at", how="semi")
    counts = said.group_by("at").agg(n_labels=pl.len().cast(pl.String)).sort("at")
    kept = counts.head(params.limit or counts.height).with_row_index("place")
    comparisons = labelled.comparisons[kept["at"]].with_columns(kept["n_labels"])
    places = kept.select("at", "place")
    moved = said.join(places, on="at", maintain_order="left").with_columns(at="place")
    return comparisons, moved.drop("place")


def _is_person() -> pl.Expr:
    """Return who is not known to be a machine."""
    return ~pl.col("kind").is_in(_MACHINES).fill_null(value=False)


def _pool(said: pl.DataFrame) -> pl.DataFrame:
    """Return the labels of people; of all where there are none of people."""
    people = said.filter(_is_person())
    return people if people.height else said


def _most(pool: pl.DataFrame) -> pl.DataFrame:
    """Return what most prefer of each comparison: ``at`` and ``sign``."""
    return pool.group_by("at").agg(sign=pl.col("y").sign().sum().sign().cast(pl.Int8))


def _labels(
    said: pl.DataFrame, tables: Mapping[str, pl.LazyFrame], params: AnnotatedPairs
) -> tuple[pl.DataFrame, dict[str, dict[str, str]]]:
    """Return the labels of the pooled annotator and of others, and who these are."""
    said = said.with_columns(sign=pl.col("y").sign().cast(pl.Int8))
    is_person = _is_person()
    pool = _pool(said)
    most = _most(pool).select("at", "sign", annotator=pl.lit(DEFAULT_ANNOTATOR))
    named = said.filter(pl.col("annotator_id").is_not_null())
    # Who alone makes up the pool would be told twice.
    others = named.filter(~is_person)
    if pool.height == said.height and pool["annotator_id"].n_unique() == 1:
        others = others.clear()
    each = named.filter(is_person) if params.people == "each" else named.clear()
    known = {row["annotator_id"]: row for row in _known(tables, pl.concat([each, others]))}
    listed = {key: _digest(key) for key in known}
    shown = (
        pl.concat([each, others])
        .with_columns(annotator=pl.col("annotator_id").replace_strict(listed, default=None))
        .select("at", "sign", "annotator")
    )
    annotators = {DEFAULT_ANNOTATOR: _pooled(pool)} if pool.height else {}
    annotators |= {listed[key]: _described(row) for key, row in known.items()}
    return pl.concat([most, shown]).sort(
        "at", pl.col("annotator") != DEFAULT_ANNOTATOR, "annotator"
    ), annotators


def _known(tables: Mapping[str, pl.LazyFrame], labels: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of the annotators of some labels, people first."""
    ids = labels.select("annotator_id").unique()
    rows = tables["annotators"].select("annotator_id", "kind", "model", "pool")
    return (
        ids.lazy()
        .join(rows.unique("annotator_id"), on="annotator_id", how="left")
        .sort("kind", "annotator_id", nulls_last=True)
        .collect()
        .to_dicts()
    )


def _digest(annotator: str) -> str:
    return digest([annotator])[:_DIGITS]


def _pooled(pool: pl.DataFrame) -> dict[str, str]:
    kinds = set(pool["kind"].unique())
    who = "annotators" if kinds & {*_MACHINES} else "people"
    return {
        # The viewer looks for this very name.
        "name": "preferred_text",
        "description": f"What most {who} prefer.",
        "type": "human" if kinds == {"human"} else "unknown",
    }


def _described(row: Mapping[str, Any]) -> dict[str, str]:
    """Say who an annotator is; of a person nothing but that it is one."""
    if row["kind"] == "human":
        return {"description": "A person.", "type": "human"}
    if row["kind"] not in _MACHINES:
        return {"description": "A person, or a group of people.", "type": "unknown"}
    native = str(row["annotator_id"]).partition(":")[2]
    if row["kind"] == "rule":
        return {"name": native, "description": f"The rule {native}.", "type": "principle"}
    name = row["model"] or native
    return {"name": name, "description": f"The model {name}.", "type": "unknown"}


def _constitution(
    tables: Mapping[str, pl.LazyFrame], params: AnnotatedPairs
) -> pl.DataFrame | None:
    if params.constitution is None:
        return None
    return (
        tables["constitutions"]
        .filter((pl.col("stage") == params.constitution) & (pl.col("group_by") == "all"))
        .select("rank", "principle_id", "is_opposite", "sentence")
        .collect()
        .sort("rank")
    )


def _votes(
    comparisons: pl.DataFrame, tables: Mapping[str, pl.LazyFrame], params: AnnotatedPairs
) -> tuple[pl.DataFrame, NDArray[np.int8]]:
    """Return the principles of all steps, and their votes on each comparison."""
    principles = read_principles(tables, params.votes)
    rows = comparisons.select("comparison_id").with_row_index("at")
    blocks = [np.empty((comparisons.height, 0), np.int8)]
    for step in dict.fromkeys(params.votes):
        n = principles.filter(stage=step).height
        cast = (
            rows.lazy()
            .join(tables["votes"].filter(pl.col("stage") == step), on="comparison_id")
            .select("at", "votes")
            .collect(engine="streaming")
        )
        block = np.full((comparisons.height, n), ABSENT, np.int8)
        block[cast["at"].to_numpy()] = vote_matrix(cast["votes"], n, step)
        blocks.append(block)
    is_first = principles["principle_id"].is_first_distinct()
    listed = principles.filter(is_first).select(
        "sentence", annotator="principle_id", is_opposite=pl.lit(value=False)
    )
    return listed, np.hstack(blocks)[:, is_first.to_numpy()]


def _held(
    principles: pl.DataFrame, votes: NDArray[np.int8], held: pl.DataFrame
) -> tuple[pl.DataFrame, NDArray[np.int8]]:
    """Return the principles of a constitution with their votes, each turned to its end."""
    places = principles.select("annotator").with_row_index("place")
    found = held.join(places, left_on="principle_id", right_on="annotator").sort("rank")
    chosen = votes[:, found["place"].to_numpy()]
    signs = np.where(found["is_opposite"].to_numpy(), -1, 1).astype(np.int8)
    turned = np.where(np.abs(chosen) == 1, chosen * signs, chosen)
    ids = pl.when("is_opposite").then(principle_id(found["sentence"])).otherwise("principle_id")
    return found.select("sentence", "is_opposite", annotator=ids), turned
