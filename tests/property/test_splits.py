"""Near-duplicate prompts are on one side of every split, in all sources, whatever the seed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from prefdata.protocols import Context
from prefdata.schema import conform, polars_schema, table_schema
from prefdata.stages.leaks import Leaks, leaks
from prefdata.stages.split_by_prompt import SplitByPrompt, split_by_prompt
from prefdata.tables.identity import hash_messages

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__: list[str] = []

_ALIKE = 0.5
_SOURCES = ("new", "old")
_WORDS = [f"w{number}" for number in range(30)]
_SHARES = {"train": 0.5, "validation": 0.25, "test": 0.25}


@dataclass(frozen=True)
class Corpus:
    """Prompts of two sources, of which some were made from others by an edit."""

    prompts: pl.DataFrame
    neighbors: pl.DataFrame
    """What a `dedup` step writes of them."""
    alike: list[tuple[str, str]]
    """Near-duplicates: two prompts that share at least half of their words."""


@st.composite
def _corpora(draw: st.DrawFn) -> Corpus:
    texts = [draw(st.permutations(_WORDS))[:6] for _ in range(draw(st.integers(1, 5)))]
    for _ in range(draw(st.integers(0, 8))):
        words = list(draw(st.sampled_from(texts)))
        words[draw(st.integers(0, 5))] = draw(st.sampled_from(_WORDS))
        texts.append(words)
    rows: list[dict[str, Any]] = [
        {
            "prompt_id": f"p{number}",
            "source": draw(st.sampled_from(_SOURCES)),
            "turn": 0,
            "messages": [{"role": "user", "content": " ".join(words)}],
            "split": draw(st.sampled_from([None, "train", "test"])),
        }
        for number, words in enumerate(texts)
    ]
    prompts = _frame("prompts", rows)
    bags = {f"p{number}": set(words) for number, words in enumerate(texts)}
    alike = [
        (a, b)
        for a, b in itertools.combinations(bags, 2)
        if len(bags[a] & bags[b]) / len(bags[a] | bags[b]) >= _ALIKE
    ]
    return Corpus(prompts, _neighbors(prompts, alike), alike)


def _frame(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    contract = table_schema(table)
    frame = pl.DataFrame(rows, schema=polars_schema(contract))
    if "content_hash" in frame.columns:
        frame = frame.with_columns(content_hash=hash_messages(frame["messages"]))
    return conform(frame, contract)


def _neighbors(prompts: pl.DataFrame, alike: Iterable[tuple[str, str]]) -> pl.DataFrame:
    """Find clusters by spreading the smallest digest along the edges until nothing changes."""
    sources = dict(prompts.select("prompt_id", "source").iter_rows())
    clusters = dict(prompts.select("prompt_id", "content_hash").iter_rows())
    edges = list(alike)
    for _ in sources:
        for a, b in edges:
            clusters[a] = clusters[b] = min(clusters[a], clusters[b])
    nearest = {a: b for edge in edges for a, b in (edge, edge[::-1])}
    return _frame(
        "neighbors",
        [
            {
                "id": a,
                "source": sources[a],
                "subject": "prompts",
                "neighbor_id": b,
                "neighbor_source": sources[b],
                "method": "near",
                "similarity": 0.5,
                "measure": "jaccard",
                "cluster_id": clusters[a],
                "cluster_size": list(clusters.values()).count(clusters[a]),
                "representative_id": a,
                "stage": "dedup",
            }
            for a, b in nearest.items()
        ],
    )


def _splits(corpus: Corpus, seed: int, clusters_from: str | None = "dedup") -> pl.DataFrame:
    """Split source by source, as the runner does."""
    params = SplitByPrompt(clusters_from=clusters_from, shares=_SHARES)
    parts = []
    for source in _SOURCES:
        mine = pl.col("source") == source
        tables = {
            "prompts": corpus.prompts.lazy().filter(mine),
            "neighbors": corpus.neighbors.lazy().filter(mine),
        }
        rows = split_by_prompt.run(tables, params, Context(seed=seed)).tables["splits"]
        parts.append(rows.with_columns(source=pl.lit(source), stage=pl.lit("split-by-prompt")))
    return conform(pl.concat(parts), table_schema("splits"))


@given(_corpora(), st.integers(0, 50))
def test_near_duplicates_never_part(corpus: Corpus, seed: int) -> None:
    spots = dict(_splits(corpus, seed).select("prompt_id", "spot").iter_rows())
    sides = dict(_splits(corpus, seed).select("prompt_id", "split").iter_rows())
    assert all(spots[a] == spots[b] and sides[a] == sides[b] for a, b in corpus.alike)


@given(_corpora(), st.integers(0, 50))
def test_clusters_move_only_their_members(corpus: Corpus, seed: int) -> None:
    alone = dict(_splits(corpus, seed, None).select("prompt_id", "spot").iter_rows())
    together = dict(_splits(corpus, seed).select("prompt_id", "spot").iter_rows())
    members = {name for pair in corpus.alike for name in pair}
    assert {name for name in alone if alone[name] != together[name]} <= members


def _leaking(corpus: Corpus, splits: pl.DataFrame, splits_from: str) -> set[str]:
    tables = {
        "prompts": corpus.prompts.lazy(),
        "splits": splits.lazy(),
        "neighbors": corpus.neighbors.lazy(),
    }
    result = leaks.run(tables, Leaks(splits_from=splits_from), Context())
    return set(result.tables["flags"]["id"])


@given(_corpora(), st.integers(0, 50))
def test_what_was_split_by_clusters_leaks_nothing(corpus: Corpus, seed: int) -> None:
    assert not _leaking(corpus, _splits(corpus, seed), "split-by-prompt")


@given(_corpora(), st.integers(0, 50), st.booleans())
def test_without_what_leaks_no_protected_prompt_has_a_near_duplicate_outside(
    corpus: Corpus, seed: int, of_source: bool
) -> None:
    splits = _splits(corpus, seed, None)
    flagged = _leaking(corpus, splits, "source" if of_source else "split-by-prompt")
    frame = corpus.prompts if of_source else splits
    sides = dict(frame.select("prompt_id", "split").drop_nulls().iter_rows())
    kept = {name: split for name, split in sides.items() if name not in flagged}
    parted = [
        {kept[a], kept[b]}
        for a, b in corpus.alike
        if a in kept and b in kept and kept[a] != kept[b]
    ]
    assert not parted
    assert not {name for name in flagged if sides[name] == "test"}
