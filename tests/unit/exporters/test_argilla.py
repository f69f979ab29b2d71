"""Pairs as a data set of Argilla; the way back is in `tests/property`."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.exporters._argilla.records import user_of
from prefdata.exporters._argilla.settings import METADATA, settings
from prefdata.exporters.argilla import Argilla, argilla

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


@pytest.fixture
def told(pairs: Any) -> Any:
    """Return a function that makes pairs of one kind of annotator."""

    def make(*rows: dict[str, Any], kind: str | None = "human") -> pl.DataFrame:
        frame: pl.DataFrame = pairs(*rows)
        return frame.with_columns(annotator_kind=pl.lit(kind, pl.String))

    return make


def _write(frame: pl.DataFrame, out: Path, **params: Any) -> list[dict[str, Any]]:
    paths = argilla.write(frame.iter_slices(2), out, Argilla(**params))
    names = [path.relative_to(out).as_posix() for path in paths]
    assert names == [".argilla/dataset.json", ".argilla/settings.json", "records.json"]
    found: list[dict[str, Any]] = json.loads(paths[2].read_text(encoding="ascii"))
    return found


def _text(frame: pl.DataFrame, column: str) -> list[str]:
    return [messages[-1]["content"] for messages in frame[column]]


def test_the_order_of_responses_is_drawn_and_the_choice_is_a_suggestion(
    told: Any, tmp_path: Path
) -> None:
    frame = told(*({"annotator_id": "toy:ann"} for _ in range(60)))
    records = _write(frame, tmp_path)
    values = [record["suggestions"]["preference"]["value"] for record in records]
    assert 15 < values.count("response_a") < 45
    chosen = [record["fields"][value] for record, value in zip(records, values, strict=True)]
    assert chosen == _text(frame, "chosen")
    assert records[0]["suggestions"]["preference"]["agent"] == "toy:ann"
    assert records[0]["suggestions"]["preference"]["type"] == "human"
    assert not any(record["responses"] for record in records)
    again = _write(frame, tmp_path / "other", seed=1)
    assert [r["suggestions"]["preference"]["value"] for r in again] != values


def test_a_choice_of_people_is_a_response_when_asked_for(told: Any, tmp_path: Path) -> None:
    (record,) = _write(told({"annotator_id": "toy:ann"}), tmp_path / "a", choice="response")
    (response,) = record["responses"]["preference"]
    assert response["status"] == "submitted"
    assert uuid.UUID(response["user_id"]) == uuid.UUID(user_of("toy:ann"))
    assert "toy:ann" not in json.dumps(record)
    assert record["suggestions"] == {}
    assert record["status"] == "completed"
    # Neither a model nor nobody is a user.
    for row, kind in (({"annotator_id": "toy:gpt"}, "model"), ({}, None)):
        (record,) = _write(told(row, kind=kind), tmp_path / f"{kind}", choice="response")
        assert record["responses"] == {}
        assert record["suggestions"]["preference"]["agent"] == row.get("annotator_id")


def test_nothing_leads_who_judges_again(told: Any, tmp_path: Path) -> None:
    (record,) = _write(told({"annotator_id": "toy:ann"}), tmp_path, choice="nothing")
    assert record["suggestions"] == record["responses"] == {}
    assert "toy:ann" not in json.dumps(record)


def test_a_ranking_names_both(told: Any, tmp_path: Path) -> None:
    (record,) = _write(told({}), tmp_path, question="ranking")
    value = record["suggestions"]["preference"]["value"]
    assert sorted(value) == ["response_a", "response_b"]
    assert record["fields"][value[1]] == "Bad 0."
    found = json.loads((tmp_path / ".argilla" / "settings.json").read_text("ascii"))
    assert found["questions"][0]["settings"]["type"] == "ranking"


def test_metadata_are_of_the_types_that_settings_name(told: Any, tmp_path: Path) -> None:
    row = {"margin": 2.0, "margin_unit": "points", "n_votes": 3, "chosen_model": "big"}
    (record,) = _write(told(row), tmp_path)
    kinds = {"terms": str, "float": float, "integer": int}
    for name, value in record["metadata"].items():
        assert type(value) is kinds[METADATA[name]]
    first = record["suggestions"]["preference"]["value"]
    assert record["metadata"][f"model_{first[-1]}"] == "big"
    declared = settings(question="label", guidelines="g", n_submitted=1)["metadata"]
    assert {one["name"] for one in declared} >= set(record["metadata"])


def test_a_rationale_is_a_suggested_comment(
    told: Any, rationale: Any, add: Any, tmp_path: Path
) -> None:
    text = "X is right, Y is not."
    frame = add(told({}, {}), [rationale(text, generator="gen", preferred="x")], None)
    one, other = _write(frame, tmp_path)
    comment = one["suggestions"]["comment"]
    better = "A" if one["suggestions"]["preference"]["value"] == "response_a" else "B"
    assert comment["value"].startswith(f"Response {better} is right")
    assert comment["agent"] == "gen"
    assert "comment" not in other["suggestions"]


def test_what_the_server_refuses_is_left_out(told: Any) -> None:
    def say(role: str, content: str) -> list[dict[str, str]]:
        return [{"role": role, "content": content}]

    frame = told(
        {"prompt": []},
        {"prompt": say("user", "x" * 20_001)},
        {"rejected": say("assistant", "a\0b")},
        {"chosen": say("assistant", "a") + say("user", "b") + say("assistant", "c")},
        {"rejected": say("assistant", "")},
    )
    unfit = argilla.unfit
    assert unfit is not None
    reasons = ["empty-prompt", "long-message", "nul-character", "divergent-tail", None]
    assert unfit(frame, Argilla()).to_list() == reasons


def test_no_pairs_are_an_empty_data_set(told: Any, tmp_path: Path) -> None:
    assert _write(told({}).clear(), tmp_path / "a") == []
    paths = argilla.write(iter([told({}, {})]), tmp_path / "b", Argilla(file="jsonl"))
    assert [json.loads(line)["id"] for line in paths[2].read_text("ascii").splitlines()] == [
        "pair0",
        "pair1",
    ]
