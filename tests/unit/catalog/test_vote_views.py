"""The views and queries on votes, on rows whose answers are known by hand."""

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


def test_annotator_summary_compares_with_the_mean_of_the_kind(known: Session) -> None:
    one, two, three = _rows(known, "SELECT * FROM annotator_summary ORDER BY annotator_id")
    assert one["expected"] == two["expected"] == pytest.approx(0.5)
    assert (one["pool"], three["pool"], three["country"]) == ("expert", "normal", "FR")
    assert (one["prefers_first"], two["prefers_first"]) == (1, 0)
    assert one["prefers_longer"] is None
    assert (one["ties"], three["ties"]) == (0.0, pytest.approx(1 / 3))


def test_agreement_summary_puts_the_coefficients_side_by_side(known: Session) -> None:
    rows = _rows(known, "SELECT * FROM agreement_summary ORDER BY among, group_by")
    everybody, experts, judge = rows
    assert (everybody["alpha"], everybody["raw"], everybody["cohen"]) == (0.3, 0.5, None)
    assert (everybody["low"], everybody["high"]) == pytest.approx((0.2, 0.4))
    assert (experts["group_value"], experts["alpha"]) == ("expert", 0.6)
    assert (judge["among"], judge["alpha"], judge["cohen"]) == ("human-ai", None, 0.2)
    assert judge["low"] == pytest.approx(0.1)


def test_consensus_summary_counts_what_the_method_overruled(known: Session) -> None:
    (row,) = _rows(known, "SELECT * FROM consensus_summary")
    assert (row["comparisons"], row["preferred"], row["tied"], row["unlabelled"]) == (3, 2, 1, 0)
    assert (row["unanimous"], row["overruled"], row["human_votes"]) == (1, 1, 3.0)
    assert row["certainty"] == pytest.approx((0.8 + 0.6) / 2)


def test_who_disagrees_comes_first(known: Session) -> None:
    rows = _rows(known, _query("31-who-disagrees-with-the-consensus"))
    assert [row["annotator_id"] for row in rows] == ["beta:u3", "beta:u1", "beta:u2"]
    assert [row["is_below"] for row in rows] == [True, False, False]


def test_groups_are_read_beside_all(known: Session) -> None:
    rows = _rows(known, _query("32-agreement-by-group-of-annotators"))
    got = [(r["among"], r["group_value"], r["value"], r["of_all"]) for r in rows]
    assert got == [
        ("human", "all", 0.3, 0.3),
        ("human", "expert", 0.6, 0.3),
        ("human-ai", "all", 0.2, 0.2),
    ]
