"""What is known is not computed again; what was stopped goes on; models never mix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.core.events import Note, Progress, StepFinished, StepStarted
from prefdata.displacement import shards
from prefdata.displacement.store import ScoreStore
from prefdata.protocols import CausalParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.catalog import Catalog

__all__: list[str] = []

_MODEL = CausalParams(model="m")


def _get(catalog: Catalog, made: Any, model: CausalParams = _MODEL, report: Any = None) -> Any:
    store = ScoreStore(catalog, *([report] if report else []))
    return store.get(
        made.pairs, made.prompts.lazy(), made.responses.lazy(), model=model, step="score"
    )


def test_a_pair_is_scored_once(catalog: Catalog, toy: Any, texts: Callable[..., Any]) -> None:
    made = texts(("ab", "c", "d"), ("ab", "c", "e"), ("ab", "c", "d"))
    first = _get(catalog, made)
    assert (first.rows.height, first.n_computed, toy.n_opened) == (2, 2, 1)
    again = _get(catalog, made)
    assert (again.n_computed, toy.n_opened) == (0, 1)
    assert again.rows.equals(first.rows)
    more = _get(catalog, texts(("ab", "c", "d"), ("xy", "c", "d")))
    assert more.n_computed == 1
    assert set(more.rows["prompt_hash"]) == {"ab", "xy"}


@pytest.mark.parametrize(
    "other",
    [
        CausalParams(model="n"),
        CausalParams(model="m", template="plain"),
        CausalParams(model="m", dtype="bfloat16"),
    ],
)
def test_another_model_template_or_precision_does_not_mix(
    other: CausalParams, catalog: Catalog, toy: Any, texts: Callable[..., Any]
) -> None:
    made = texts(("ab", "c", "d"))
    first = _get(catalog, made)
    second = _get(catalog, made, other)
    assert second.n_computed == 1
    assert second.scorer != first.scorer
    assert second.rows["scorer"].to_list() == [second.scorer]
    assert catalog.scan("displacements").collect().height == 2


def test_a_run_that_was_stopped_goes_on_and_gives_the_same_bytes(
    catalog: Catalog,
    toy: Any,
    texts: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    monkeypatch.setattr(shards, "_SHARD_CHARS", 10)
    made = texts(*((p, "c" * n, "d") for p in ("ab", "cd", "ef", "gh") for n in (1, 2)))
    toy.model.fails_after = 2
    with pytest.raises(KeyboardInterrupt):
        _get(catalog, made)
    kept = catalog.scan("displacements").collect().height
    assert kept == 4
    toy.model.fails_after = None
    rest = _get(catalog, made)
    assert rest.n_computed == 4
    calm = type(catalog).create(tmp_path / "calm")
    _get(calm, made)
    digests = [
        sorted(entry.digest for entry in c.head().state.table("displacements").files)
        for c in (catalog, calm)
    ]
    assert digests[0] == digests[1]


def test_the_work_is_told(catalog: Catalog, toy: Any, texts: Callable[..., Any]) -> None:
    told: list[Any] = []
    _get(catalog, texts(("ab", "c", "d"), ("ab", "c", "e")), report=told.append)
    kinds = [type(event) for event in told]
    assert kinds[0] is StepStarted
    assert kinds[-2:] == [StepFinished, Note]
    assert [event.done for event in told if isinstance(event, Progress)][-1] == 2
    assert "5 tokens read" in told[-1].text


def test_no_pairs_open_no_model(catalog: Catalog, toy: Any, texts: Callable[..., Any]) -> None:
    made = texts(("ab", "c", "d"))
    nothing = type(made)(made.pairs.clear(), made.prompts, made.responses)
    assert _get(catalog, nothing).rows.is_empty()
    assert toy.n_opened == 0
    assert isinstance(_get(catalog, nothing).rows, pl.DataFrame)
