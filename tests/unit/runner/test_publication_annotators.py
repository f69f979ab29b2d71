from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prefdata.runner.publication_annotators import annotator_facts

if TYPE_CHECKING:
    from prefdata.catalog import Catalog
    from prefdata.runner.publish import PublishResult

__all__: list[str] = []


def test_people_are_counted_in_tables_that_name_nobody(
    published: tuple[Catalog, PublishResult],
) -> None:
    crowd = next(one for one in published[1].facts.annotators if one.source == "crowd")
    assert (crowd.kind, crowd.n, crowd.n_pairs, crowd.votes_per_comparison) == ("human", 24, 48, 1)
    assert crowd.alpha is None
    tables = {table.column: table.cells for table in crowd.demographics}
    assert dict(tables["gender"]) == {"Female": 12, "Male": 12}
    # The one person from Peru is hidden, and another value with them, from which they follow.
    assert [n for _, n in tables["country"]].count(None) >= 2


def test_agreement_is_that_of_comparisons_with_several_votes(
    published: tuple[Catalog, PublishResult],
) -> None:
    catalog, _ = published
    with catalog.session() as session:
        session.connection.execute(
            "CREATE TEMP TABLE published_pairs AS "
            "SELECT 'all' AS config, pair_id, source, prompt_id, 'a' || i AS chosen_id, "
            "'b' || i AS rejected_id, annotator_id, aspect, 1 AS n_votes "
            "FROM pairs, range(40) AS r(i) WHERE source = 'crowd' AND i % 40 = 0"
        )
        (few,) = annotator_facts(session, k=10)
        assert few.votes_per_comparison == pytest.approx(48)
        assert few.alpha is None
