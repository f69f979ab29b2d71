from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prefdata.quality.facts import Fact, facts_of
from prefdata.schema import table_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.catalog import Catalog
    from prefdata.fetch.cards import SourceCard

    MakeCard = Callable[..., SourceCard]

__all__: list[str] = []

_OTHER = {"path": "more.jsonl", "rows": 1}


def _facts(catalog: Catalog, source_card: SourceCard, **options: Any) -> list[Fact]:
    tables = options.get("tables", table_names())
    with catalog.session() as session:
        return facts_of("toy", session, tables=tables, source_card=source_card)


def _statistic(make_card: MakeCard, sql: str, value: float = 1) -> SourceCard:
    item = {"name": "one", "sql": sql, "value": value}
    return make_card(expected={"statistics": [item]})


def test_the_published_numbers_are_compared_when_the_files_are_the_published_ones(
    clean_catalog: Catalog, make_card: MakeCard
) -> None:
    rows, mean = _facts(clean_catalog, make_card())
    assert (rows.rule, rows.table, rows.observed, rows.skipped) == (
        "rows:prompts",
        "prompts",
        4,
        None,
    )
    assert (mean.rule, mean.table, mean.observed) == ("statistic:mean_seconds", "judgments", 3.5)
    assert mean.low <= 3.5 <= mean.high


def test_a_source_without_a_card_has_no_facts(clean_catalog: Catalog) -> None:
    with clean_catalog.session() as session:
        assert facts_of("toy", session, tables=table_names()) == []


def test_facts_about_tables_that_nobody_asked_for_are_left_out(
    clean_catalog: Catalog, make_card: MakeCard
) -> None:
    found = _facts(clean_catalog, make_card(), tables=["prompts"])
    assert [fact.rule for fact in found] == ["rows:prompts"]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ([{"path": "votes.jsonl", "sha256": "b" * 64}, _OTHER], "only 1 of 2 files ingested"),
        ([{"path": "votes.jsonl", "sha256": "c" * 64}], "its SHA-256 is another"),
        ([_OTHER], "votes.jsonl is not a published file"),
    ],
)
def test_facts_of_other_files_are_skipped_with_the_reason(
    files: list[dict[str, Any]], reason: str, clean_catalog: Catalog, make_card: MakeCard
) -> None:
    found = _facts(clean_catalog, make_card(files=files))
    assert len(found) == 2
    assert all(fact.skipped and reason in fact.skipped for fact in found)
    assert all(fact.observed is None for fact in found)


@pytest.mark.parametrize(
    ("revision", "rows", "reason"),
    [
        ("a" * 40, 99, None),
        ("c" * 40, 4, "it is of revision aaaaaaaaaaaa, not cccccccccccc"),
        (None, 4, None),
        (None, 99, "it has 4 rows, not 99"),
        (None, None, "the card has neither its digest nor its rows"),
    ],
)
def test_without_a_digest_the_revision_decides_and_then_the_rows(
    revision: str | None,
    rows: int | None,
    reason: str | None,
    clean_catalog: Catalog,
    make_card: MakeCard,
) -> None:
    known = make_card(
        hub={"repo": "example/toy", "revision": revision},
        files=[{"path": "votes.jsonl", "rows": rows}],
    )
    for fact in _facts(clean_catalog, known):
        assert (fact.skipped is None) == (reason is None)
        assert reason is None or reason in (fact.skipped or "")


def test_a_file_under_another_name_is_known_by_its_digest(
    clean_catalog: Catalog, make_card: MakeCard
) -> None:
    known = make_card(files=[{"path": "data/train.jsonl", "sha256": "b" * 64}])
    assert [fact.skipped for fact in _facts(clean_catalog, known)] == [None, None]


def test_without_an_optional_file_a_number_may_be_right_and_is_not_called_wrong(
    clean_catalog: Catalog, make_card: MakeCard
) -> None:
    files = [{"path": "votes.jsonl", "sha256": "b" * 64}, _OTHER | {"optional": True}]
    right, wrong = (
        _facts(clean_catalog, make_card(files=files, expected={"rows": {"prompts": count}}))[0]
        for count in (4, 5)
    )
    assert right.skipped is None
    assert (wrong.skipped, wrong.observed) == ("without more.jsonl", 4)


def test_a_query_that_cannot_run_is_not_excused_by_a_file_that_is_missing(
    clean_catalog: Catalog, make_card: MakeCard
) -> None:
    files = [{"path": "votes.jsonl", "sha256": "b" * 64}, _OTHER | {"optional": True}]
    item = {"name": "one", "sql": "SELECT nothing FROM judgments", "value": 1}
    known = make_card(files=files, expected={"statistics": [item]})
    (fact,) = _facts(clean_catalog, known)
    assert fact.skipped is None
    assert "the query cannot run" in (fact.fault or "")


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("SELECT avg(seconds) FROM judgments WHERE false", "the query gives no number"),
        ("SELECT 'nan'::DOUBLE FROM judgments", "the query gives no number"),
        ("SELECT nothing FROM judgments", "the query cannot run"),
        ("SELECT error('no') FROM judgments", "the query cannot run"),
    ],
)
def test_a_query_without_a_number_is_a_fault_and_not_a_pass(
    sql: str, fault: str, clean_catalog: Catalog, make_card: MakeCard
) -> None:
    (fact,) = _facts(clean_catalog, _statistic(make_card, sql))
    assert fact.observed is None
    assert fault in (fact.seen or "")


def test_a_fact_is_told_in_words() -> None:
    fact = Fact("toy", "judgments", "statistic:mean", 0.745, 0.0005, None, observed=1234.5)
    assert (fact.expectation, fact.seen) == ("mean = 0.745 ± 0.0005", "1,234.5")


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ("SELECT count(*) FROM judgments_flat", "judgments_flat"),
        ("SELECT count(*) FROM pair_texts JOIN prompts USING (prompt_id)", "prompts"),
    ],
)
def test_a_statistic_belongs_to_the_first_table_that_it_names(
    sql: str, table: str, clean_catalog: Catalog, make_card: MakeCard
) -> None:
    (fact,) = _facts(clean_catalog, _statistic(make_card, sql))
    assert fact.table == table
