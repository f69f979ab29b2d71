"""Duplicates do not depend on how rows are ordered, and what stays is what was there, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from prefdata.protocols import Context, StageResult
from prefdata.schema import conform, polars_schema, table_schema
from prefdata.stages.dedup import Dedup, dedup
from prefdata.tables.identity import hash_texts
from prefdata.texts.normal import normalised

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__: list[str] = []

_WORDS = ("why", "do", "cats", "purr", "Cats", "?!", "日本", "every", "single", "night")
_TEXT = st.lists(st.sampled_from(_WORDS), max_size=14).map(" ".join)
_ROW = st.tuples(_TEXT, st.sampled_from(["old", "new"]), st.integers(0, 2))
_ROWS = st.lists(_ROW, max_size=16)
_PARAMS = st.sampled_from(
    [
        {"method": "exact"},
        {"method": "exact", "within": "source"},
        {"threshold": 0.5},
        {"within": "source"},
        {"shingle": "words", "shingle_size": 2, "threshold": 0.4, "min_containment": 0.9},
        {"shingle": "words", "shingle_size": 1, "verify": False},
    ]
)
_LINKED = {"near-duplicate", "semantic-duplicate", "exact-duplicate"}


def _tables(rows: list[tuple[int, tuple[str, str, int]]]) -> Mapping[str, pl.LazyFrame]:
    """Make prompts named by their number, and as many judgments of each as were drawn."""
    texts = pl.Series("text", [text for _, (text, _, _) in rows], dtype=pl.String)
    schema = polars_schema(table_schema("prompts"))
    prompts = pl.DataFrame(
        [
            {
                "prompt_id": f"p{number}",
                "source": source,
                "turn": 0,
                "messages": [{"role": "user", "content": text}],
            }
            for number, (text, source, _) in rows
        ],
        schema=schema,
    )
    judged = [f"p{number}" for number, (_, _, votes) in rows for _ in range(votes)]
    return {
        "prompts": conform(
            prompts.with_columns(content_hash=hash_texts(texts)), table_schema("prompts")
        ).lazy(),
        "judgments": pl.LazyFrame({"prompt_id": judged}, schema={"prompt_id": pl.String}),
    }


def _run(rows: list[Any], params: dict[str, Any]) -> StageResult:
    context = Context(step="dedup", sources=("old", "new"), seed=3)
    return dedup.run(_tables(rows), Dedup(**params), context)


@given(_ROWS, _PARAMS, st.randoms())
def test_the_order_of_rows_does_not_matter(
    rows: list[Any], params: dict[str, Any], chance: Any
) -> None:
    numbered = list(enumerate(rows))
    shuffled = list(numbered)
    chance.shuffle(shuffled)
    one, other = _run(numbered, params), _run(shuffled, params)
    assert one.notes == other.notes
    for table, frame in one.tables.items():
        keys = ["id", "flag"] if table == "flags" else ["id"]
        assert frame.sort(keys).equals(other.tables[table].sort(keys))


@given(_ROWS, _PARAMS)
def test_what_is_not_flagged_is_there_once(rows: list[Any], params: dict[str, Any]) -> None:
    numbered = list(enumerate(rows))
    result = _run(numbered, params)
    assert result.rows_in == result.rows_out == len(rows)
    flags, neighbors = result.tables["flags"], result.tables["neighbors"]
    texts = pl.DataFrame(
        {"id": [f"p{number}" for number, _ in numbered], "text": [row[0] for row in rows]},
        schema={"id": pl.String, "text": pl.String},
    ).with_columns(normalised("text"))
    empty = flags.filter(flag="empty-text")["id"]
    live = texts.filter(~pl.col("id").is_in(empty.implode()))
    part = ["source"] if params.get("within") == "source" else []
    sources = pl.DataFrame(
        {"id": texts["id"], "source": [row[1] for row in rows]},
        schema={"id": pl.String, "source": pl.String},
    )
    live = live.join(sources, on="id")
    twins = flags.filter(flag="exact-duplicate")["id"]
    kept = live.filter(~pl.col("id").is_in(twins.implode()))
    # Without exact duplicates every text is there, once.
    assert kept.select("text", *part).n_unique() == kept.height
    assert set(kept.select("text", *part).rows()) == set(live.select("text", *part).rows())
    # Without any duplicates one row of each cluster is there: the one that stands for it.
    spare = flags.filter(pl.col("flag").is_in(_LINKED))["id"].to_list()
    assert len(spare) == len(set(spare))
    standing = neighbors.filter(~pl.col("id").is_in(spare))
    assert standing["id"].to_list() == standing["representative_id"].to_list()
    assert standing["cluster_size"].sum() == neighbors.height


@given(_ROWS, _PARAMS)
def test_neighbors_are_in_one_cluster_and_as_alike_as_asked(
    rows: list[Any], params: dict[str, Any]
) -> None:
    neighbors = _run(list(enumerate(rows)), params).tables["neighbors"]
    both = neighbors.join(
        neighbors.select(neighbor_id="id", other="representative_id"), on="neighbor_id"
    )
    assert both.height == neighbors.height
    assert (both["representative_id"] == both["other"]).all()
    least = Dedup(**params).least if params.get("verify", True) else 0.0
    alike = neighbors.filter(measure="jaccard")["similarity"]
    assert ((alike >= least) & (alike <= 1)).all()
    assert (neighbors.filter(measure="equality")["similarity"] == 1).all()
    held = neighbors.filter(measure="containment")["similarity"]
    assert (held >= params.get("min_containment", 1)).all()
