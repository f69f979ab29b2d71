"""Which label is of which group, and which groups may be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.constitution.ballots import Ballots
from prefdata.constitution.groups import (
    described_groups,
    group_cells,
    group_labels,
    is_of_people,
    known_groups,
)
from prefdata.constitution.labels import COMPARED, LABEL
from prefdata.core.errors import UnknownNameError
from prefdata.schema import polars_schema, table_schema

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__: list[str] = []


def _ballots(
    labels: Sequence[dict[str, Any]], comparisons: Sequence[dict[str, Any]] = ({},)
) -> Ballots:
    """Make ballots without principles; a label says ``at``, ``annotator_id`` and ``kind``."""
    base: dict[str, Any] = {"at": 0, "y": 1.0, "kind": "human", "step": "made"}
    return Ballots(
        principles=pl.DataFrame({"principle_id": []}, schema={"principle_id": pl.String}),
        comparisons=pl.DataFrame(comparisons, schema=dict(COMPARED)),
        votes=np.empty((len(comparisons), 0), np.int8),
        labels=pl.DataFrame([base | label for label in labels], schema=dict(LABEL)),
    )


def _annotators(*rows: dict[str, Any]) -> dict[str, pl.LazyFrame]:
    return {"annotators": pl.LazyFrame(rows, schema=polars_schema(table_schema("annotators")))}


def _of_people(**sizes: int) -> tuple[Ballots, pl.Series]:
    """Return two labels for each of so many people of each country; ``none`` is of no country."""
    who = [(name, f"{name}-{n}") for name, size in sizes.items() for n in range(size)] * 2
    ballots = _ballots([{"annotator_id": one} for _, one in who])
    values = [None if name == "none" else name for name, _ in who]
    return ballots, pl.Series("country", values, dtype=pl.String)


def _shown(ballots: Ballots, values: pl.Series) -> list[str]:
    cells = group_cells(ballots, values)
    return cells.filter(~pl.col("is_suppressed"))["group_value"].to_list()


# --- which label is of which group ---------------------------------------------------------------


def test_columns_of_annotators_and_of_prompts_make_groups() -> None:
    tables = _annotators(
        {"annotator_id": "x", "kind": "human", "country": "Chile", "languages": ["es", "en"]},
        {"annotator_id": "y", "kind": "human", "country": None, "languages": []},
    )
    ballots = _ballots(
        [{"at": 0, "annotator_id": "y"}, {"at": 1, "annotator_id": "x"}, {"at": 1}],
        comparisons=[{"subset": "easy", "language": "en"}, {"subset": "hard", "language": "es"}],
    )
    found = group_labels(tables, ballots, ["country", "languages", "subset", "language", "kind"])
    assert found.to_dict(as_series=False) == {
        "country": [None, "Chile", None],
        "languages": [None, "es", None],
        "subset": ["easy", "hard", "hard"],
        "language": ["en", "es", "es"],
        "kind": ["human", "human", "human"],
    }


def test_who_states_the_highest_third_of_values_is_a_group() -> None:
    stated = {"a": 90.0, "b": 80.0, "c": 20.0, "d": 10.0, "e": 5.0, "f": 0.0, "g": None}
    tables = _annotators(
        *({"annotator_id": who, "stated_preferences": [{"name": "safety", "value": value}]}
        for who, value in stated.items()),
        {"annotator_id": "h"},
    )  # fmt: skip
    ballots = _ballots([{"annotator_id": who} for who in "abcdefgh"])
    found = group_labels(tables, ballots, ["stated:safety"])["stated:safety"]
    assert found.to_list() == ["highest third"] * 2 + ["others"] * 4 + [None] * 2


def test_where_many_state_the_highest_value_the_cut_is_the_one_nearer_to_a_third() -> None:
    values = [100.0] * 4 + [50.0] * 5
    rows = [
        {"annotator_id": str(n), "stated_preferences": [{"name": "safety", "value": value}]}
        for n, value in enumerate(values)
    ]
    ballots = _ballots([{"annotator_id": str(n)} for n in range(9)])
    found = group_labels(_annotators(*rows), ballots, ["stated:safety"])["stated:safety"]
    assert found.to_list() == ["highest third"] * 4 + ["others"] * 5


def test_a_source_that_asks_nobody_what_matters_to_them_has_no_such_group() -> None:
    tables = _annotators({"annotator_id": "x", "country": "Chile"})
    ballots = _ballots([{"annotator_id": "x"}])
    groups = group_labels(tables, ballots, ["stated:safety"])
    assert groups["stated:safety"].to_list() == [None]
    assert "stated:safety" in described_groups(ballots, groups)["why"][0]


def test_an_unknown_name_is_told_with_what_there_is() -> None:
    tables = _annotators(
        {"annotator_id": "x", "stated_preferences": [{"name": "safety", "value": 1.0}]}
    )
    ballots = _ballots([{"annotator_id": "x"}])
    for name in ("contry", "raw", "annotator_id", "stated:safty"):
        with pytest.raises(UnknownNameError) as caught:
            group_labels(tables, ballots, [name])
        assert "stated:safety" in str(caught.value)
    assert {"country", "kind", "languages", "topic"} < set(known_groups(tables))
    assert known_groups({"annotators": pl.LazyFrame({"annotator_id": ["x"]})})[0] == "subset"
    assert group_labels(tables, ballots, []).width == 0


def test_labels_without_a_value_are_counted_and_a_column_without_any_says_why() -> None:
    ballots, country = _of_people(a=12, b=11, none=30)
    groups = pl.DataFrame({
        "country": country,
        "topic": pl.Series([None] * 106, dtype=pl.String),
        "gender": pl.Series(["f"] * 106),
        "religion": pl.Series([None] * 105 + ["r"], dtype=pl.String),
    })  # fmt: skip
    found = described_groups(ballots, groups)
    assert found["n_without"].to_list() == [60, 106, 0, 105]
    assert found["n_groups"].to_list() == [2, 0, 1, 1]
    assert found["why"].to_list() == [
        None,
        "No prompt of these labels has a value of `topic`.",
        "All labels have one value of `gender`.",
        (
            "No group of `religion` can be shown: a group needs 10 annotators, and so do those "
            "that are in no group shown, taken together."
        ),
    ]
    few, values = _of_people(a=30, b=4, c=7)
    some = described_groups(few, values.to_frame())
    assert (
        some["why"].item().startswith("Only one group of `country` can be shown: a group needs 10 ")
    )


# --- which groups may be shown -------------------------------------------------------------------


def test_a_group_of_fewer_than_ten_people_is_hidden() -> None:
    cells = group_cells(*_of_people(a=10, b=9, c=3, d=20))
    assert cells.select("group_value", "n_labels", "n_people", "is_suppressed").rows() == [
        ("a", 20, 10, False),
        ("b", 18, 9, True),
        ("c", 6, 3, True),
        ("d", 40, 20, False),
    ]


def test_one_hidden_group_takes_the_next_smallest_with_it() -> None:
    # What all labels say less what the groups shown say would be what the three say.
    assert _shown(*_of_people(a=30, b=3, c=12, d=20)) == ["a", "d"]
    assert _shown(*_of_people(a=30, b=3)) == []


def test_two_hidden_groups_that_are_too_small_together_take_one_too() -> None:
    assert _shown(*_of_people(a=30, b=3, c=4, d=20)) == ["a"]


def test_people_without_a_value_hide_a_group_if_they_are_many_and_one_more_if_they_are_few() -> (
    None
):
    assert _shown(*_of_people(a=30, b=3, c=12, none=15)) == ["a", "c"]
    assert _shown(*_of_people(a=30, c=12, none=4)) == ["a"]


def test_who_gave_ties_alone_does_not_count() -> None:
    ballots, values = _of_people(a=10, b=25, c=26)
    is_last = ballots.labels["annotator_id"] == "a-9"
    labels = ballots.labels.with_columns(y=pl.when(is_last).then(0.0).otherwise("y"))
    tied = Ballots(ballots.principles, ballots.comparisons, ballots.votes, labels)
    assert _shown(tied, values) == ["c"]


def test_models_and_anonymous_groups_are_not_hidden_and_hide_nobody() -> None:
    labels: list[dict[str, Any]] = [{"annotator_id": f"m{n}", "kind": "model"} for n in range(2)]
    labels += [{"annotator_id": "crowd", "kind": "group"}, {"kind": None}]
    labels += [{"annotator_id": f"h{n}", "kind": None} for n in range(4)]
    values = pl.Series("pool", ["models"] * 2 + ["crowd", "sum"] + ["people"] * 4)
    cells = group_cells(_ballots(labels), values)
    # An annotator of no known kind is taken for a person.
    assert dict(cells.select("group_value", "is_suppressed").iter_rows()) == {
        "models": False,
        "crowd": False,
        "sum": False,
        "people": True,
    }
    assert cells["n_annotators"].to_list() == [1, 2, 4, None]


def test_columns_of_prompts_and_kinds_single_nobody_out() -> None:
    ballots, values = _of_people(a=2, b=30)
    for name in ("topic", "kind", "subset", "language", "split"):
        assert not is_of_people(name)
        assert _shown(ballots, values.alias(name)) == ["a", "b"]


@settings(max_examples=40)
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 25), min_size=1),
    st.integers(0, 12),
)
def test_the_people_in_no_group_that_is_shown_are_none_or_ten(
    sizes: dict[str, int], n_without: int
) -> None:
    ballots, values = _of_people(**sizes, none=n_without)
    shown = _shown(ballots, values)
    apart = n_without + sum(size for name, size in sizes.items() if name not in shown)
    assert all(sizes[name] >= 10 for name in shown)
    assert apart == 0 or apart >= 10 or not shown
