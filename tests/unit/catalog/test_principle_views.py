"""The views and queries on principles, on rows whose answers are known by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prefdata.core.shipped import shipped_folder

if TYPE_CHECKING:
    from prefdata.catalog import Session

__all__: list[str] = []


def _rows(session: Session, query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = session.sql(query).pl().to_dicts()
    return rows


def _query(name: str) -> str:
    return (shipped_folder("catalog") / "queries" / f"{name}.sql").read_text(encoding="utf-8")


def test_values_of_factors_come_with_their_names(known: Session) -> None:
    rows = _rows(known, "SELECT factor, value FROM factor_values ORDER BY factor")
    assert rows == [{"factor": "long", "value": 12.0}, {"factor": "new", "value": 0.5}]


def test_votes_come_in_words(known: Session) -> None:
    rows = _rows(known, "SELECT stage, name, vote FROM principle_votes ORDER BY ALL")
    assert [tuple(row.values()) for row in rows] == [
        ("factors", "kind", "not-applicable"),
        ("factors", "long", "a"),
        ("factors", "new", "tie"),
        ("other", "kind", "inconsistent"),
        ("other", "long", "b"),
        ("other", "new", "failed"),
    ]


def test_a_summary_is_turned_to_the_end_that_holds(known: Session) -> None:
    rows = _rows(
        known, "SELECT * FROM principle_summary WHERE group_by = 'all' ORDER BY principle_id"
    )
    assert [row["holds"] for row in rows] == ["is short", "not: is kind", "is new"]
    assert [row["chosen"] for row in rows] == [2, 1, None]
    (hidden,) = _rows(known, "SELECT * FROM principle_summary WHERE group_by = 'country'")
    assert (hidden["status"], hidden["strength"], hidden["labels"]) == ("suppressed", None, 4)


def test_what_is_rewarded_survives_the_adjustment(known: Session) -> None:
    rows = _rows(known, _query("33-what-preferences-reward"))
    assert [row["name"] for row in rows] == ["kind", "long"]


def test_groups_that_differ_come_widest_first(known: Session) -> None:
    rows = _rows(known, _query("34-what-groups-reward-differently"))
    assert [(row["sentence"], row["difference"]) for row in rows] == [
        ("is kind", -0.3),
        ("is long", 0.2),
    ]


def test_a_constitution_stands_beside_what_is_simpler(known: Session) -> None:
    everyone, french = _rows(known, _query("35-constitutions"))
    assert everyone["constitution"] == "not: is kind | is short"
    assert (everyone["principles"], everyone["verdict"]) == (2, "holds")
    assert everyone["over_length"] == pytest.approx(0.1)
    assert everyone["over_all"] == pytest.approx(-0.05)
    assert (french["verdict"], french["principles"], french["constitution"]) == (
        "nothing-holds",
        0,
        None,
    )
