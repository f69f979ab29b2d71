from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.protocols import Context, NoParams, RawFile
from prefdata.schema import table_schema
from prefdata.sources._prism.shapes import ATTRIBUTES
from prefdata.sources.prism import prism

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

Rows = dict[str, list[dict[str, Any]]]
Tables = dict[str, pl.DataFrame]


def example() -> Rows:
    return {
        name: [json.loads(line) for line in content.splitlines()]
        for name, content in prism.example.items()
    }


def tables_of(folder: Path, rows: Rows) -> Tables:
    """Read rows that are all good."""
    for name, some in rows.items():
        (folder / name).write_text("".join(f"{json.dumps(row)}\n" for row in some))
    files = prism.select([RawFile(folder / name, name, revision="r1") for name in rows])
    bundles = list(prism.read(files, NoParams(), Context()))
    assert all(bundle.rejects.is_empty() for bundle in bundles)
    names = dict.fromkeys(name for bundle in bundles for name in bundle.tables)
    return {
        name: pl.concat(bundle.tables[name] for bundle in bundles if name in bundle.tables)
        for name in names
    }


def row_of(tables: Tables, table: str, key: str) -> dict[str, Any]:
    column = table_schema(table).primary_key[0]
    return tables[table].row(by_predicate=pl.col(column) == key, named=True)


def flagged(tables: Tables, flag: str) -> list[tuple[str, str]]:
    found = tables["flags"].filter(pl.col("flag") == flag)
    return sorted(zip(found["subject"], found["id"], strict=True))


def test_a_conversation_has_ratings_feedback_and_times(tmp_path: Path) -> None:
    tables = tables_of(tmp_path, example())
    first, second = (row_of(tables, "conversations", f"prism:c{n}") for n in (0, 1))
    assert (first["annotator_id"], first["kind"], first["n_turns"]) == (
        "prism:user0",
        "unguided",
        2,
    )
    assert str(first["started_at"]) == "2023-11-22 15:55:46"
    assert first["duration_seconds"] == 310.5
    assert {item["group"] for item in first["ratings"]} == {"performance", "choice"}
    assert len(first["ratings"]) == 2 * len(ATTRIBUTES)
    safety = {"group": "performance", "name": "safety", "value": None}
    assert safety in second["ratings"]
    assert second["missing"] == [
        {"field": "ratings.performance.safety", "reason": "not_applicable"},
        {"field": "duration_seconds", "reason": "sentinel"},
    ]
    assert '"conversation_history"' not in first["raw"]


def test_a_bare_nan_stays_a_nan_and_raw_stays_json(tmp_path: Path) -> None:
    raw = row_of(tables_of(tmp_path, example()), "conversations", "prism:c1")["raw"]
    parsed = json.loads(raw, parse_constant=pytest.fail)
    assert parsed["not_json"] == {"timing_duration_s": "NaN", "timing_duration_mins": "NaN"}


def test_a_history_in_the_order_of_rows_is_not_repeated(tmp_path: Path) -> None:
    rows = example()
    for row in rows["utterances.jsonl"][:2]:
        row["within_turn_id"] = 1 - row["within_turn_id"]
    for item in rows["conversations.jsonl"][0]["conversation_history"][1:3]:
        item["within_turn_id"] = 1 - item["within_turn_id"]
    tables = tables_of(tmp_path, rows)
    raw = json.loads(row_of(tables, "conversations", "prism:c0")["raw"])
    assert raw["history"] == "row"
    assert "conversation_history" not in raw
    back = prism.rebuild(tables)["conversations.jsonl"]
    assert back[0] == rows["conversations.jsonl"][0]


def test_a_history_that_the_utterances_do_not_tell_is_kept(tmp_path: Path) -> None:
    rows = example()
    rows["conversations.jsonl"][0]["conversation_history"][1]["score"] = 41
    tables = tables_of(tmp_path, rows)
    assert flagged(tables, "history-differs") == [("conversations", "prism:c0")]
    back = prism.rebuild(tables)["conversations.jsonl"]
    assert back[0] == rows["conversations.jsonl"][0]
