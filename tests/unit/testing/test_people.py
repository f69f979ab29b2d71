from __future__ import annotations

from prefdata.testing.people import PRISM_FACTS, prism_people

__all__: list[str] = []


def test_all_counts_are_the_published_ones_whatever_the_seed() -> None:
    people = prism_people(seed=3)
    assert people["annotator_id"].n_unique() == people.height == 1_500
    for name, counts in PRISM_FACTS.items():
        assert dict(people[name].value_counts().iter_rows()) == counts


def test_a_smaller_group_has_the_same_shares() -> None:
    assert prism_people(n=150)["gender"].value_counts(sort=True)["count"][0] in range(70, 85)
