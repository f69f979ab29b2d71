from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.privacy.kanon import classes, diversity, safe_counts, safe_table, suppress
from prefdata.testing.people import prism_people

__all__: list[str] = []

_COLUMNS = ("age_band", "gender", "languages")
_PERSON = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from(["young", "old", None]),
    st.sampled_from("fmx"),
    st.sampled_from([["en"], ["fr", "en"], ["en", "fr"], None]),
)
_PEOPLE = st.lists(_PERSON, min_size=1, max_size=40).map(
    lambda rows: pl.DataFrame(
        rows,
        schema={
            "source": pl.String,
            "age_band": pl.String,
            "gender": pl.String,
            "languages": pl.List(pl.String),
        },
        orient="row",
    ).with_row_index("annotator_id")
)


@settings(max_examples=25)
@given(_PEOPLE, st.integers(1, 12))
def test_after_suppression_nobody_stands_out_and_only_those_who_did_have_changed(
    people: pl.DataFrame, k: int
) -> None:
    done = suppress(people, _COLUMNS, k)
    left = classes(done.annotators, _COLUMNS)
    assert left.filter(pl.col("n") < k).is_empty()
    assert done.annotators.select("annotator_id", "source").equals(
        people.select("annotator_id", "source")
    )
    assert done.annotators.schema == people.schema
    # Nothing new is said of anybody.
    changed = [
        (before, after)
        for before, after in zip(people.iter_rows(), done.annotators.iter_rows(), strict=True)
        if before != after
    ]
    assert len(changed) == done.n_suppressed
    assert all(b is None or a == b for row in changed for a, b in zip(*row, strict=True))


def test_suppression_does_not_depend_on_the_order_of_rows() -> None:
    people = prism_people(n=200)
    columns = ("age_band", "gender", "country")
    shuffled = suppress(people.sample(fraction=1, shuffle=True, seed=1), columns).annotators
    assert shuffled.sort("annotator_id").equals(
        suppress(people, columns).annotators.sort("annotator_id")
    )


def test_one_value_is_blanked_before_all_are() -> None:
    people = pl.DataFrame(
        {
            "age_band": ["old"] * 21 + ["young"] * 10,
            "gender": [*"f" * 10, *"x" * 6, *"m" * 5, *"fffffmmmmm"],
        }
    )
    done = suppress(people, ("age_band", "gender"), 10)
    assert done.cells == {"age_band": 0, "gender": 21}
    assert (done.n_suppressed, done.n_blanked) == (21, 0)
    assert classes(done.annotators, ["age_band", "gender"])["n"].to_list() == [10, 10, 11]


def test_a_single_blank_person_does_not_stand_out_among_those_who_are_told() -> None:
    # 69 of 70 are men or women, so who is blank is the one of whom the card says nothing else.
    people = pl.DataFrame(
        {
            "source": ["a"] * 70 + ["b"] * 3,
            "gender": [*"m" * 34, *"f" * 35, "x", None, None, None],
        }
    )
    done = suppress(people, ("gender",), 10)
    assert classes(done.annotators, ["gender"]).rows() == [("a", None, 35), ("a", "f", 35)]
    assert (done.n_suppressed, done.n_blanked) == (35, 35)
    assert classes(people, ["gender"]).row(0) == ("a", "x", 1)


def test_people_with_the_published_counts_stand_out_as_often_as_was_measured() -> None:
    # An independent draw of PRISM's counts gave 5 unique, 13 below 5 and 26 below 10 for age and
    # gender; with the region 19, 110 and 285; with ethnicity 209, 602 and 852.
    for columns, expected in (
        (("age_band", "gender"), (5, 13, 26)),
        (("age_band", "gender", "country"), (19, 110, 285)),
        (("age_band", "gender", "country", "ethnicity"), (209, 602, 852)),
    ):
        table = classes(prism_people(), columns)
        counts = [int(table.filter(pl.col("n") < k)["n"].sum()) for k in (2, 5, 10)]
        assert counts == pytest.approx(expected, rel=0.5, abs=4)


def test_the_order_of_languages_does_not_tell_people_apart() -> None:
    people = pl.DataFrame({"languages": [["en", "fr"], ["fr", "en"]]})
    assert classes(people, ["languages"]).rows() == [("en; fr", 2)]


def test_columns_and_a_positive_k_are_needed() -> None:
    for columns, k in (([], 10), (["gender"], 0)):
        with pytest.raises(ValueError, match="needs columns"):
            suppress(pl.DataFrame({"gender": ["f"]}), columns, k)


def test_a_class_with_one_sensitive_value_gives_it_away() -> None:
    people = pl.DataFrame({"gender": ["f", "f", "m", "m"], "religion": ["a", "a", "b", None]})
    assert diversity(people, ["gender"], ["religion"])["n_religion"].to_list() == [1, 1]
    assert diversity(people, ["religion"], ["gender"]).rows() == [("b", 1, 1), ("a", 2, 1)]


_COUNTS = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 15), min_size=1)


@settings(max_examples=40)
@given(_COUNTS, st.integers(1, 10))
def test_no_count_that_points_to_people_is_shown_or_follows_from_the_others(
    counts: dict[str, int], k: int
) -> None:
    people = pl.DataFrame({"x": [value for value, n in counts.items() for _ in range(n)]})
    table = safe_counts(people, "x", k)
    hidden = [value for value, n in table if n is None]
    assert all(n is None or n == counts[value] >= k for value, n in table)
    assert len(hidden) != 1
    if hidden:
        assert sum(counts[value] for value in hidden) >= k
    if min(counts.values()) >= k:
        assert len(table) == len(counts)
        assert not hidden
    if sum(counts.values()) < k:
        assert table == ()


def test_a_second_count_is_hidden_and_unknown_values_are_counted() -> None:
    people = pl.DataFrame({"x": ["a"] * 30 + ["b"] * 12 + ["c"] * 9 + [None] * 20})
    assert safe_counts(people, "x") == (("a", 30), ("not known", 20), ("b", None), ("c", None))


@settings(max_examples=25)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), st.integers(1, 15), min_size=1
    )
)
def test_in_no_line_of_a_table_of_two_columns_a_hidden_count_follows_from_the_total(
    counts: dict[tuple[str, str], int],
) -> None:
    k = 5
    people = pl.DataFrame(
        [cell for cell, n in counts.items() for _ in range(n)], schema=["p", "q"], orient="row"
    )
    table = safe_table(people, ["p", "q"], k)
    cells = {(p, q): n for p, q, n in table.iter_rows()}
    assert all(n is None or n == counts[cell] >= k for cell, n in cells.items())
    for place, value in [*((0, v) for v in "abc"), *((1, v) for v in "xyz"), (None, "")]:
        line = [cell for cell in cells if place is None or cell[place] == value]
        hidden = [counts[cell] for cell in line if cells[cell] is None]
        if hidden and sum(counts[cell] for cell in line) >= k:
            assert len(hidden) >= 2
            assert sum(hidden) >= k
