"""The stage, over the synthetic world and with a writer that is scripted."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.catalog import Catalog
from prefdata.core.errors import InternalError
from prefdata.fetch.local import local_files
from prefdata.metrics.leak import leak_auc
from prefdata.protocols import ChatParams, Context
from prefdata.rationales.handles import mask_handles
from prefdata.recipes import Recipe
from prefdata.runner import ingest, run
from prefdata.schema import check, conform, table_schema
from prefdata.stages.write_rationales import WriteRationales, write_rationales
from prefdata.testing.scripted_chat import ScriptedChat
from prefdata.testing.world import WorldSpec, write_world

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.protocols import ChatRequest, StageResult

__all__: list[str] = []

_SOURCE = "hh-rlhf"
_MODEL = ChatParams(model="scripted")
_TABLES = ("pairs", "prompts", "responses", "decisions")
_QUESTION = re.compile(r"([XY]) is the better response")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.LazyFrame]:
    """Tables of a synthetic world with more than a thousand pairs, some of them left out."""
    folder = tmp_path_factory.mktemp("world")
    write_world(folder / "raw", WorldSpec(scale=0.008, sources=(_SOURCE,)))
    catalog = Catalog.create(folder / "w")
    ingest(catalog, _SOURCE, local_files(folder / "raw" / _SOURCE))
    steps = ["flag-quality", "make-pairs", "select-pairs"]
    run(catalog, Recipe.model_validate({"name": "before", "steps": steps}))
    return {name: catalog.scan(name, (_SOURCE,)).collect().lazy() for name in _TABLES}


def _shown(request: ChatRequest) -> dict[str, str]:
    user = request.messages[1]["content"]
    found = re.findall(r"\b([XY]):\n<<<begin (\w+)>>>\n(.*?)\n<<<end \2>>>", user, re.DOTALL)
    return {label: text for label, _, text in found}


def _about(request: ChatRequest, better: str) -> str:
    """Say of each response what is in it, the better one first."""
    worse = "Y" if better == "X" else "X"
    shown = _shown(request)
    words = {name: text.split() for name, text in shown.items()}
    length = "longer" if len(words[better]) > len(words[worse]) else "shorter"
    return (
        f"{better} is {length} and speaks of {' '.join(words[better][:9])}, which meets the "
        f"request, while {worse} speaks of {' '.join(words[worse][:9])} and misses the point."
    )


def _honest(request: ChatRequest, purpose: str) -> str:
    asked = _QUESTION.search(request.messages[1]["content"])
    if asked:
        return _about(request, asked[1])
    shown = _shown(request)
    better = max("XY", key=lambda name: (len(shown[name]), shown[name]))
    return json.dumps({"reason": _about(request, better), "verdict": better})


def _by_place(request: ChatRequest, purpose: str) -> str:
    asked = _QUESTION.search(request.messages[1]["content"])
    assert asked
    praise = "makes a strong opening" if asked[1] == "X" else "comes to a strong close"
    return f"{_about(request, asked[1])} {asked[1]} {praise}."


def _run(
    tables: dict[str, pl.LazyFrame],
    answer: Callable[[ChatRequest, str], str] = _honest,
    **params: Any,
) -> StageResult:
    context = Context(source=_SOURCE, step="write", chat=ScriptedChat(answer))
    return write_rationales.run(tables, WriteRationales(model=_MODEL, **params), context)


def _leak(result: StageResult) -> float:
    rows = result.tables["rationales"].drop_nulls("text")
    assert rows.height >= 1000
    return leak_auc(mask_handles(rows["text"]), rows["preferred"] == "x", seed=0).auc


def test_every_pair_has_its_rows_and_the_ledger_adds_up(world: dict[str, pl.LazyFrame]) -> None:
    result = _run(world)
    rows = result.tables["rationales"]
    n_pairs = world["pairs"].collect().height
    assert result.rows_in == result.rows_out == rows.height == 2 * n_pairs
    assert result.rejects is None
    schema = table_schema("rationales")
    full = conform(rows.with_columns(stage=pl.lit("write")), schema)
    assert check(full, schema).rejects.is_empty()
    assert rows["origin"].value_counts()["count"].min() > 100  # type: ignore[operator]
    assert re.match(r"[\d,]+ of [\d,]+ rationales are written \(blind", result.notes[0])
    assert [note.split(":")[0] for note in result.notes[1:3]] == ["general", "specific"]


def test_what_a_good_writer_says_does_not_tell_the_order(world: dict[str, pl.LazyFrame]) -> None:
    assert _leak(_run(world, mode="given", kinds=("general",))) <= 0.55


def test_a_writer_who_speaks_of_places_gives_the_order_away(
    world: dict[str, pl.LazyFrame],
) -> None:
    assert _leak(_run(world, _by_place, mode="given", kinds=("general",))) > 0.8


def test_only_kept_pairs_are_written_for_where_decisions_are_named(
    world: dict[str, pl.LazyFrame],
) -> None:
    decided = world["decisions"].collect()
    kept = set(decided.filter("is_kept")["pair_id"])
    assert 0 < len(kept) < decided.height
    result = _run(world, mode="given", kinds=("general",), decisions="select-pairs")
    assert set(result.tables["rationales"]["pair_id"]) == kept


def test_a_larger_pilot_holds_a_smaller_one(world: dict[str, pl.LazyFrame]) -> None:
    few = _run(world, mode="given", limit=5).tables["rationales"]
    more = _run(world, mode="given", limit=9).tables["rationales"]
    assert few["pair_id"].n_unique() == 5
    assert more["pair_id"].n_unique() == 9
    assert set(few["rationale_id"]) <= set(more["rationale_id"])


def test_decisions_are_read_only_where_they_are_named() -> None:
    every = write_rationales.reads
    assert "decisions" not in WriteRationales(model=_MODEL).reads(every)
    params = WriteRationales(model=_MODEL, decisions="select-pairs")
    assert params.reads(every) == every
    assert params.outside().steps == ("make-pairs", "select-pairs")
    assert params.outside().models == (params.model,)


def test_without_a_place_for_answers_nothing_is_asked(world: dict[str, pl.LazyFrame]) -> None:
    with pytest.raises(InternalError):
        write_rationales.run(world, WriteRationales(model=_MODEL), Context())
