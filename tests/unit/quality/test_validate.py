from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.core.errors import UnknownNameError
from prefdata.quality import validate
from prefdata.schema import conform, table_schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prefdata.catalog import Catalog
    from prefdata.fetch.cards import SourceCard
    from prefdata.quality import Validation

__all__: list[str] = []


@pytest.fixture(scope="module")
def clean_validation(
    clean_catalog: Catalog,
    make_card: Callable[..., SourceCard],
    tmp_path_factory: pytest.TempPathFactory,
) -> Validation:
    """Return what comes of validating a sample of the clean catalog."""
    docs = tmp_path_factory.mktemp("pages")
    tables = ["prompts", "responses", "judgments", "pairs"]
    cards = {"toy": make_card()}
    return validate(clean_catalog, at=None, sample=3, tables=tables, docs=docs, cards=cards)


def test_a_clean_catalog_passes(clean_validation: Validation) -> None:
    assert clean_validation.is_passed
    assert clean_validation.n_skipped == 0
    assert clean_validation.docs.is_file()


def test_a_sample_looks_at_that_many_rows_and_facts_at_all(clean_validation: Validation) -> None:
    assert clean_validation.rows == {"prompts": 3, "responses": 3, "judgments": 3, "pairs": 0}
    observed = {r.rule: r.observed for r in clean_validation.results if r.source == "toy"}
    assert observed == {"rows:prompts": "4", "statistic:mean_seconds": "3.5"}


def test_a_table_without_rows_has_no_checks(clean_validation: Validation) -> None:
    assert not [result for result in clean_validation.results if result.table == "pairs"]


def test_a_corrupted_catalog_fails_exactly_the_broken_rules(corrupt_validation: Validation) -> None:
    failed = {
        (result.table, result.rule): (result.unexpected_count, result.examples)
        for result in corrupt_validation.results
        if result.is_passed is False
    }
    assert failed == {
        ("annotators", "enum:kind"): (1, ("toy:ann (<script>robot</script>)",)),
        ("annotators", "min:row"): (1, ("toy:ann (-1)",)),
        ("judgments", "min:seconds"): (1, ("toy:p2/j (nan)",)),
        ("judgments", "reference:response_ids"): (1, ("toy:p1/j",)),
        ("prompts", "primary-key"): (2, ("toy:p0",)),
        ("prompts", "rows:prompts"): (1, ()),
        ("responses", "has_a_message"): (1, ("toy:p0/a",)),
        ("responses", "reference:prompt_id"): (1, ("toy:p1/a (toy:nowhere)",)),
        ("source_files", "rows_add_up"): (1, ("toy/votes.jsonl",)),
    }
    assert not corrupt_validation.is_passed


def test_a_share_is_of_the_rows_looked_at(corrupt_validation: Validation) -> None:
    shares = {
        r.rule: r.unexpected_share for r in corrupt_validation.results if r.table == "prompts"
    }
    assert shares["primary-key"] == 0.4


def test_an_older_snapshot_can_be_validated(corrupt_catalog: Catalog, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    empty = validate(corrupt_catalog, at="#0", sample=None, tables=None, docs=docs)
    assert empty.n_checks == 0
    assert set(empty.rows.values()) == {0}
    assert empty.docs == docs / "index.html"


def test_an_unknown_table_is_refused_before_any_work(
    clean_catalog: Catalog, tmp_path: Path
) -> None:
    with pytest.raises(UnknownNameError, match="prefs"):
        validate(clean_catalog, at=None, sample=None, tables=["prefs"], docs=tmp_path / "docs")
    assert not (tmp_path / "docs").exists()


def test_what_a_judge_of_a_recipe_says_is_no_fact_of_the_source(
    make_catalog: Callable[..., Catalog],
    toy_rows: Callable[..., dict[str, list[dict[str, Any]]]],
    make_card: Callable[..., SourceCard],
    tmp_path: Path,
) -> None:
    catalog = make_catalog(toy_rows())
    schema = table_schema("judgments")
    row = toy_rows(1)["judgments"][0]
    added = {"judgment_id": "verdict", "response_ids": ["toy:gone"], "seconds": 99.0}
    with catalog.write() as write:
        frame = pl.DataFrame([row | added | {"chosen": [True], "stage": "judge"}])
        write.put("judgments", ("toy", "judge"), conform(frame, schema))
        write.commit("a verdict")
    found = validate(
        catalog,
        at=None,
        sample=None,
        tables=["judgments"],
        docs=tmp_path / "d",
        cards={"toy": make_card()},
    )
    failed = [result.rule for result in found.results if not result.is_passed]
    # Its row is held against the contract like any other.
    assert failed == ["reference:response_ids"]


def test_a_fact_may_be_skipped_but_one_without_a_number_fails(
    clean_catalog: Catalog, make_card: Callable[..., SourceCard], tmp_path: Path
) -> None:
    files = [{"path": "votes.jsonl", "rows": 4}, {"path": "more.jsonl", "optional": True}]
    item = {"name": "one", "sql": "SELECT nothing FROM prompts", "value": 1}
    expected = {"rows": {"prompts": 5}, "statistics": [item]}
    cards = {"toy": make_card(files=files, expected=expected)}
    found = validate(
        clean_catalog, at=None, sample=None, tables=["prompts"], docs=tmp_path / "d", cards=cards
    )
    facts = {result.rule: result for result in found.results if result.source == "toy"}
    skipped, failed = facts["rows:prompts"], facts["statistic:one"]
    assert (skipped.status, skipped.observed, skipped.reason) == (
        "skipped",
        "4",
        "without more.jsonl",
    )
    assert failed.status == "failed"
    assert "the query cannot run" in str(failed.observed)
    assert not found.is_passed
    assert "without more.jsonl" in found.docs.read_text(encoding="utf-8")
