"""A search finds what is nearest among the rows that the condition admits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.core.errors import QueryError, UserError
from prefdata.protocols import RawFile
from prefdata.recipes import Recipe
from prefdata.runner import ingest, run
from prefdata.vectors.search import search

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog
    from prefdata.protocols import EmbedderParams

_ROWS = [
    {"prompt": "pick lock door", "chosen": "call locksmith now", "rejected": "use force"},
    {"prompt": "bake bread oven", "chosen": "flour water salt", "rejected": "buy bread"},
    {"prompt": "pick lock window", "chosen": "use force", "rejected": "call police"},
]


@pytest.fixture
def filled(catalog: Catalog, tmp_path: Path, words: Any) -> Catalog:
    for name in ("a", "b"):
        path = tmp_path / f"{name}.jsonl"
        path.write_text("\n".join(json.dumps(row) for row in _ROWS))
        ingest(catalog, "trl", [RawFile(path, path.name)], params={"name": name})
    run(catalog, Recipe.model_validate({"name": "r", "steps": ["make-pairs"]}))
    return catalog


def test_the_nearest_prompts_come_first_with_their_rows_and_pairs(
    filled: Catalog, model: EmbedderParams
) -> None:
    found = search(filled, "pick lock door", model=model, k=2)
    first, second = found.hits
    assert first.text == "pick lock door"
    assert first.score == pytest.approx(1, abs=1e-3)
    assert second.text == "pick lock window"
    assert first.score > second.score
    assert (first.n_rows, first.n_pairs, len(first.pairs)) == (2, 2, 2)
    assert {i.partition(":")[0] for i in first.ids} == {"a", "b"}
    assert found.n_searched == 3


def test_a_condition_is_applied_before_the_best_are_taken(
    filled: Catalog, model: EmbedderParams
) -> None:
    where = "source = 'b' AND messages[1].content NOT LIKE 'pick%'"
    found = search(filled, "pick lock door", model=model, k=1, where=where)
    assert [(hit.text, hit.source, hit.n_rows) for hit in found.hits] == [
        ("bake bread oven", "b", 1)
    ]
    assert found.n_searched == 1


def test_responses_know_the_pairs_that_use_them(filled: Catalog, model: EmbedderParams) -> None:
    (hit,) = search(filled, "use force", within="responses", model=model, k=1).hits
    assert (hit.text, hit.part, hit.n_rows, hit.n_pairs) == ("use force", "response", 4, 4)


def test_a_pair_is_found_by_its_best_part(filled: Catalog, model: EmbedderParams) -> None:
    found = search(filled, "flour water salt", within="pairs", model=model, k=2)
    assert [(hit.part, hit.text) for hit in found.hits] == [("chosen", "flour water salt")] * 2
    assert len({hit.id for hit in found.hits}) == 2
    some = search(
        filled, "pick lock window", within="pairs", model=model, k=9, where="source = 'a'"
    )
    assert {hit.source for hit in some.hits} == {"a"}
    assert len(some.hits) == 3
    assert some.hits[0].part == "prompt"


def test_the_hits_are_a_frame(filled: Catalog, model: EmbedderParams) -> None:
    frame = search(filled, "pick lock", model=model, k=3).pl()
    assert frame["score"].is_sorted(descending=True)
    assert frame.columns[:4] == ["score", "id", "source", "text"]


def test_rows_that_came_later_are_found_and_older_snapshots_do_not_have_them(
    filled: Catalog, tmp_path: Path, model: EmbedderParams, words: Any
) -> None:
    before = f"#{filled.head().number}"
    assert search(filled, "stray cat", model=model, k=1).hits[0].score < 0.9
    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps({"prompt": "stray cat", "chosen": "x", "rejected": "y"}))
    ingest(filled, "trl", [RawFile(path, path.name)], params={"name": "c"})
    words.seen.clear()
    assert search(filled, "stray cat", model=model, k=1).hits[0].source == "c"
    assert [text for batch in words.seen for text in batch] == ["stray cat", "stray cat"]
    assert search(filled, "stray cat", model=model, k=1, at=before).hits[0].source != "c"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("  ", {}, "nothing to search for"),
        ("!!!", {}, "finds nothing in the text"),
        ("half \udc80", {}, "half a character"),
        ("x", {"k": 0}, "0 hits"),
        ("x", {"where": "source = 'zz'"}, "no prompts to search"),
    ],
)
def test_what_cannot_be_searched_is_told(
    filled: Catalog, model: EmbedderParams, text: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        search(filled, text, model=model, **options)
    assert caught.value.fix


@pytest.mark.parametrize("where", ["nonsense(", "source = 'a'; DROP TABLE prompts", "colour = 1"])
def test_a_condition_must_be_sql(filled: Catalog, model: EmbedderParams, where: str) -> None:
    with pytest.raises(QueryError):
        search(filled, "pick", model=model, where=where)
