"""A card that is wrong says where; the cards that ship are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import yaml

from prefdata.core.errors import DataError, UnknownNameError
from prefdata.fetch.cards import card, card_names, load_card
from prefdata.schema import table_names, table_schema
from prefdata.schema.ddl import duckdb_ddl

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

CARD: dict[str, Any] = {
    "source": "toy",
    "title": "Toy",
    "homepage": "https://example.org/toy",
    "hub": {"repo": "org/toy", "revision": "0" * 40},
    "files": [{"path": "data/train.jsonl", "rows": 2, "bytes": 10, "sha256": "0" * 64}],
    "licenses": {"prompts": "MIT", "responses": "CC-BY-4.0", "judgments": "NOASSERTION"},
    "terms": [],
    "citation": "Nobody (2026). Toy.",
    "annotators": "Two volunteers.",
    "known_issues": [],
    "expected": {
        "rows": {"prompts": 2},
        "statistics": [
            {"name": "n", "sql": "SELECT count(*) FROM prompts", "value": 2, "note": "x"}
        ],
    },
}


def _write(folder: Path, value: object) -> Path:
    path = folder / "toy.yaml"
    path.write_text(value if isinstance(value, str) else yaml.safe_dump(value), encoding="utf-8")
    return path


def _with(place: str, value: object) -> dict[str, Any]:
    """Return the card with one value replaced; the place is keys and indices with dots."""
    changed: Any = yaml.safe_load(yaml.safe_dump(CARD))
    *parents, last = [int(part) if part.isdigit() else part for part in place.split(".")]
    inner = changed
    for part in parents:
        inner = inner[part]
    inner[last] = value
    return dict(changed)


def test_a_card_says_what_is_pinned(tmp_path: Path) -> None:
    found = load_card(_write(tmp_path, CARD))
    assert found.revision == "0" * 40
    pinned = found.file("data/train.jsonl")
    assert pinned is not None
    assert pinned.rows == 2
    assert found.file("train.jsonl") is None


@pytest.mark.parametrize("hub", [None, {"repo": "org/toy", "revision": None}])
def test_a_card_without_a_known_revision_has_none(tmp_path: Path, hub: object) -> None:
    assert load_card(_write(tmp_path, _with("hub", hub))).revision is None


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("hub.revision", "main"),
        ("hub.repo", "toy"),
        ("files.0.path", "/etc/passwd"),
        ("files.0.path", "../train.jsonl"),
        ("files.0.path", "data\\train.jsonl"),
        ("files.0.path", "data//train.jsonl"),
        ("files.0.sha256", "ebfaaed2"),
        ("files.0.rows", -1),
        ("files.0.size", 3),
        ("licenses.prompts", "Creative Commons"),
        ("licenses.images", "MIT"),
        ("expected.statistics.0.sql", "DELETE FROM prompts"),
        ("expected.statistics.0.sql", "SELECT 1; SELECT 2"),
        ("expected.rows.prompts", "many"),
        ("title", ""),
        ("homepage", "toy"),
        ("license", "MIT"),
    ],
)
def test_a_wrong_card_names_the_file_and_the_field(
    tmp_path: Path, place: str, value: object
) -> None:
    path = _write(tmp_path, _with(place, value))
    with pytest.raises(DataError) as caught:
        load_card(path)
    assert str(caught.value.where).startswith(f"{path}: {place}")


def test_names_are_given_once(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"files: given twice: data/train\.jsonl"):
        load_card(_write(tmp_path, _with("files", CARD["files"] * 2)))


def test_the_name_of_the_file_is_the_name_of_the_source(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"belongs in other\.yaml"):
        load_card(_write(tmp_path, _with("source", "other")))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("source: toy\ntitle: [", "line 2"),
        ("source: toy\nsource: toy\n", "line 2"),
        ("- a list", "the whole card"),
        ("", "the whole card"),
    ],
)
def test_what_is_no_card_at_all_is_an_error_with_a_place(
    tmp_path: Path, text: str, place: str
) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        load_card(path)
    assert caught.value.where == f"{path}: {place}"


def test_an_unknown_card_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="no source card named 'hh-rlfh'"):
        card("hh-rlfh")


@pytest.mark.parametrize("name", card_names())
def test_a_shipped_card_is_right(name: str) -> None:
    found = card(name)
    assert found.source == name
    assert set(found.expected.rows) <= set(table_names("canonical"))


@pytest.mark.parametrize("name", card_names())
def test_the_statistics_of_a_shipped_card_are_numbers_over_canonical_tables(name: str) -> None:
    connection = duckdb.connect()
    for table in table_names("canonical"):
        connection.execute(duckdb_ddl(table_schema(table)))
    for statistic in card(name).expected.statistics:
        cursor = connection.execute(statistic.sql)
        rows = cursor.fetchall()
        assert len(rows) <= 1, statistic.name
        assert len(cursor.description) == 1, statistic.name
        assert all(value is None or isinstance(value, int | float) for row in rows for value in row)
    connection.close()
