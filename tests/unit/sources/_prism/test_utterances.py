from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.protocols import Context, NoParams, RawFile
from prefdata.schema import table_schema
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


def test_a_prompt_follows_the_chosen_responses(tmp_path: Path) -> None:
    tables = tables_of(tmp_path, example())
    row = row_of(tables, "prompts", "prism:int1")
    assert [(item["role"], item["content"]) for item in row["messages"]] == [
        ("user", "How do I make tea?"),
        ("assistant", "Steep it."),
        ("user", "And with milk?\n\nI like it “strong”."),
    ]
    assert (row["turn"], row["language"], row["license"], row["row"]) == (1, "en", "CC-BY-4.0", 2)
    texts = [text for item in row["messages"] for text in (item["role"], item["content"])]
    written = "".join(f"{len(text.encode())}:{text}" for text in texts)
    assert row["content_hash"] == hashlib.sha256(written.encode()).hexdigest()[:32]
    assert flagged(tables, "incomplete-history") == []


def test_a_response_is_verbatim_and_has_no_known_place(tmp_path: Path) -> None:
    tables = tables_of(tmp_path, example())
    row = row_of(tables, "responses", "prism:ut4")
    assert (row["text"], row["model"], row["license"]) == (
        "EMPTY STRING",
        "command",
        "CC-BY-NC-4.0",
    )
    assert row["position"] is None
    assert row["system"] == "You are a conversational assistant. Keep to around 50 words."
    raw = json.loads(row["raw"])
    assert (raw["within_turn_id"], raw["model_provider"]) == (0, "cohere")
    assert flagged(tables, "empty-sentinel") == [("responses", "prism:ut4")]


def test_a_judgment_holds_ratings_and_every_chosen_response(tmp_path: Path) -> None:
    tables = tables_of(tmp_path, example())
    row = row_of(tables, "judgments", "prism:int1")
    assert (row["protocol"], row["aspect"], row["outcome"]) == ("rating", "overall", "chosen")
    assert (row["response_ids"], row["chosen"]) == (["prism:ut2", "prism:ut3"], [True, True])
    assert (row["scores"], row["raw_values"]) == ([77.0, 75.0], ["77", "75"])
    assert (row["scale_min"], row["scale_max"], row["is_order_known"]) == (1.0, 100.0, False)
    assert flagged(tables, "several-chosen") == [("judgments", "prism:int1")]


def test_a_turn_that_nobody_chose_from_breaks_the_history(tmp_path: Path) -> None:
    rows = example()
    rows["utterances.jsonl"][1]["if_chosen"] = False
    tables = tables_of(tmp_path, rows)
    assert flagged(tables, "none-chosen") == [("judgments", "prism:int0")]
    assert flagged(tables, "incomplete-history") == [("prompts", "prism:int1")]
    assert row_of(tables, "judgments", "prism:int0")["outcome"] == "not_given"
    roles = [item["role"] for item in row_of(tables, "prompts", "prism:int1")["messages"]]
    assert roles == ["user", "user"]


def test_what_repeats_the_conversation_is_kept_where_it_differs(tmp_path: Path) -> None:
    rows = example()
    rows["utterances.jsonl"][0]["conversation_type"] = "values guided"
    tables = tables_of(tmp_path, rows)
    first, second = (json.loads(row_of(tables, "responses", f"prism:ut{n}")["raw"]) for n in (0, 1))
    assert first["conversation_type"] == "values guided"
    assert "conversation_type" not in second
    assert prism.rebuild(tables)["utterances.jsonl"] == rows["utterances.jsonl"]
