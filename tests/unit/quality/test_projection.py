from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prefdata.quality.checks import Check, checks_of
from prefdata.quality.projection import Projection
from prefdata.schema import table_names, table_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.catalog import Catalog

__all__: list[str] = []


def _check(table: str, rule: str) -> Check:
    return next(check for check in checks_of(table_schema(table)) if check.rule == rule)


@pytest.mark.parametrize("table", table_names())
def test_the_projection_of_every_contract_can_be_made(table: str, clean_catalog: Catalog) -> None:
    schema = table_schema(table)
    checks = checks_of(schema)
    with clean_catalog.session() as session:
        projection = Projection(session, schema)
        assert len(projection.frame(checks)) == clean_catalog.head().state.table(table).rows
        assert {projection.examples(check) for check in checks} == {()}


def test_the_projection_holds_lengths_and_truth_values(clean_catalog: Catalog) -> None:
    schema = table_schema("judgments")
    with clean_catalog.session() as session:
        frame = Projection(session, schema).frame(checks_of(schema))
    assert frame["len(response_ids)"].tolist() == [2] * 4
    assert frame["chosen_is_parallel"].all()
    assert "comment" not in frame.columns


def test_a_null_reference_is_fine_even_if_the_other_table_is_empty(clean_catalog: Catalog) -> None:
    check = _check("prompts", "reference:conversation_id")
    with clean_catalog.session() as session:
        frame = Projection(session, table_schema("prompts")).frame([check])
    assert frame.iloc[:, 0].all()


def test_nan_is_outside_every_range(corrupt_catalog: Catalog) -> None:
    check = _check("judgments", "min:seconds")
    with corrupt_catalog.session() as session:
        projection = Projection(session, table_schema("judgments"))
        assert projection.frame([check])["seconds"].lt(0).sum() == 1
        assert projection.examples(check) == ("toy:p2/j (nan)",)


def test_a_sample_is_the_same_each_time_and_grows_with_its_size(
    make_catalog: Callable[[Any], Catalog], toy_rows: Callable[..., Any]
) -> None:
    catalog = make_catalog(toy_rows(50))
    schema = table_schema("prompts")
    key = [_check("prompts", "primary-key")]
    with catalog.session() as session:
        small, again, large = (
            set(Projection(session, schema, n).frame(key)["prompt_id"]) for n in (10, 10, 20)
        )
    assert (len(small), len(large)) == (10, 20)
    assert small == again
    assert small < large


def test_rows_that_share_a_key_are_in_a_sample_together(corrupt_catalog: Catalog) -> None:
    schema = table_schema("prompts")
    key = [_check("prompts", "primary-key")]
    with corrupt_catalog.session() as session:
        for n in range(1, 5):
            frame = Projection(session, schema, n).frame(key)
            assert (frame["prompt_id"] == "toy:p0").sum() in {0, 2}
