from __future__ import annotations

import importlib.util
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from prefdata.core.errors import MissingExtraError
from prefdata.protocols import Context, StageResult
from prefdata.stages.flag_pii import FlagPii, flag_pii

__all__: list[str] = []


def _run(build: Any, **params: Any) -> StageResult:
    return flag_pii.run(build.lazy(), FlagPii(**params), Context())


@pytest.fixture
def build(build: Any) -> Any:
    build.prompt("p1", "mail a@b.org", "assistant|to c@d.org and a@b.org", "ok")
    build.prompt("p2", "hello")
    build.response("p1/a", "Card 4111 1111 1111 1111 of a@b.org.")
    build.response("p1/b", "No.")
    return build


def test_rows_with_personal_data_are_flagged_with_its_kind_and_places(build: Any) -> None:
    result = _run(build)
    flags = result.tables["flags"].select("subject", "id", "flag", "value").rows()
    assert sorted(flags) == [
        ("prompts", "p1", "pii-email", 3.0),
        ("responses", "p1/a", "pii-credit-card", 1.0),
        ("responses", "p1/a", "pii-email", 1.0),
    ]
    assert result.rows_in == result.rows_out == 4


def test_a_flag_repeats_nothing_of_what_was_found(build: Any) -> None:
    told = _run(build).tables["flags"].write_ndjson()
    assert "4111" not in told
    assert "b.org" not in told


def test_only_the_kinds_that_are_asked_for_are_flagged(build: Any) -> None:
    flags = _run(build, kinds=["credit-card"]).tables["flags"]
    assert flags["flag"].to_list() == ["pii-credit-card"]
    with pytest.raises(ValidationError, match="unknown: emial; known: email"):
        FlagPii(kinds=("emial",))


@pytest.mark.skipif(
    importlib.util.find_spec("presidio_analyzer") is not None, reason="the extra is installed"
)
def test_names_need_an_extra(build: Any) -> None:
    with pytest.raises(MissingExtraError):
        _run(build, names=True)


def test_names_are_flagged_beside_the_rest(build: Any, tmp_path: Any) -> None:
    pytest.importorskip("presidio_analyzer")
    spacy: Any = pytest.importorskip("spacy")
    model = spacy.blank("en")
    model.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": "No"}])
    model.to_disk(tmp_path / "model")
    flags = _run(build, kinds=[], names=True, spacy_model=str(tmp_path / "model")).tables["flags"]
    assert flags.filter(pl.col("id") == "p1/b")["flag"].to_list() == ["pii-person-name"]
