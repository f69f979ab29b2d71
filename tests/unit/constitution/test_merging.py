"""Principles that say the same: by their words, their votes, and without contradictions."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from prefdata.constitution.ballots import FAILED, INCONSISTENT, NOT_APPLICABLE
from prefdata.constitution.merging.merge import Rules, merge
from prefdata.constitution.merging.pilot import Pilot, no_pilot
from prefdata.constitution.merging.rows import distinct_principles, merged_rows
from prefdata.constitution.merging.signed_sets import SignedSets, signed_sets
from prefdata.constitution.merging.themes import centrality, find_themes, theme_terms
from prefdata.constitution.merging.vote_cosines import vote_cosines
from prefdata.constitution.merging.wording import bare
from prefdata.schema import polars_schema, table_schema

__all__: list[str] = []

_RULES = Rules(0.6, 20, 0.8, -0.8, 10)


def _bare(*sentences: str | None) -> list[str | None]:
    return bare(pl.Series(sentences, dtype=pl.String)).to_list()


# --- wording


def test_the_opening_and_the_full_stop_are_left_out() -> None:
    assert _bare(
        "Select the response that is concise.",
        "prefer  the answer which\nis Concise !",
        "is concise",
        None,
    ) == ["is concise", "is Concise", "is concise", None]


def test_an_opening_in_other_words_is_left_out_where_all_have_it() -> None:
    assert _bare("Wähle die Antwort, die kurz ist", "Wähle die Antwort, die nett ist") == [
        "kurz ist",
        "nett ist",
    ]
    assert _bare("does not lie", "does not swear") == ["does not lie", "does not swear"]
    assert _bare("a b c d", "a b c d e") == ["d", "d e"]


@pytest.mark.parametrize("odd", ["", ".", "Select the response that ", "Select the response that."])
def test_a_sentence_that_is_all_opening_is_not_lost(odd: str) -> None:
    (found,) = _bare(odd)
    assert found is not None
    assert bool(found) == bool(odd.strip())


# --- votes


def test_the_cosine_is_over_comparisons_where_either_decides() -> None:
    left = np.array([[1], [1], [-1], [0], [0], [NOT_APPLICABLE], [1]], np.int8)
    right = np.array([[1], [-1], [-1], [1], [0], [INCONSISTENT], [FAILED]], np.int8)
    found = vote_cosines(left, right)
    # Rows 0 to 3: products 1, -1, 1, 0; three decisive votes of the one, four of the other.
    assert found.cosine[0, 0] == pytest.approx(1 / np.sqrt(3 * 4))
    assert found.n_compared[0, 0] == 4
    assert np.isnan(found.measured(5)[0, 0])
    assert found.measured(4)[0, 0] == found.cosine[0, 0]


def test_what_never_decides_has_no_cosine() -> None:
    silent = np.zeros((3, 1), np.int8)
    assert np.isnan(vote_cosines(silent, silent + 1).cosine).all()
    assert np.isnan(vote_cosines(np.empty((0, 2), np.int8), np.empty((0, 2), np.int8)).cosine).all()


@settings(max_examples=20)
@given(hnp.arrays(np.int8, (12, 4), elements=st.sampled_from([1, -1, 0, 2, -2, -3])))
def test_cosines_of_votes_are_those_of_the_plain_formula(votes: np.ndarray) -> None:
    found = vote_cosines(votes, votes)
    for i, j in itertools.product(range(4), repeat=2):
        rows = votes[(votes[:, i] != FAILED) & (votes[:, j] != FAILED)]
        one, other = (np.where(np.abs(rows[:, c]) == 1, rows[:, c], 0) for c in (i, j))
        assert found.n_compared[i, j] == ((one != 0) | (other != 0)).sum()
        size = np.sqrt(float((one**2).sum() * (other**2).sum()))
        if size == 0:
            assert np.isnan(found.cosine[i, j])
        else:
            assert found.cosine[i, j] == pytest.approx((one.astype(int) @ other) / size)


# --- sets


def _matrix(n: int, known: dict[tuple[int, int], float]) -> np.ndarray:
    found = np.full((n, n), np.nan)
    for (i, j), value in known.items():
        found[i, j] = found[j, i] = value
    return found


def _sets(n: int, known: dict[tuple[int, int], float]) -> SignedSets:
    links = np.array(sorted(known), np.int64).reshape(-1, 2)
    return signed_sets(_matrix(n, known), links, same_at=0.8, opposite_at=-0.8)


def test_the_opposite_of_an_opposite_is_the_same() -> None:
    found = _sets(4, {(0, 1): -0.9, (1, 2): -0.95, (2, 3): 0.85})
    assert found.sets.tolist() == [0, 0, 0, 0]
    assert found.signs.tolist() == [1, -1, 1, 1]


def test_a_circle_that_contradicts_itself_loses_its_weakest_link() -> None:
    found = _sets(3, {(0, 1): 0.95, (1, 2): 0.9, (0, 2): -0.85})
    assert found.sets.tolist() == [0, 0, 2]
    assert found.n_kept_apart == 2


def test_a_chain_does_not_join_ends_that_differ() -> None:
    assert _sets(3, {(0, 1): 0.9, (1, 2): 0.85, (0, 2): 0.4}).sets.tolist() == [0, 0, 2]
    assert _sets(3, {(0, 1): 0.9, (1, 2): 0.85}).sets.tolist() == [0, 0, 0]


@st.composite
def _graphs(draw: st.DrawFn) -> np.ndarray:
    n = draw(st.integers(1, 7))
    values = st.sampled_from([np.nan, 0.99, 0.9, 0.8, 0.5, 0.0, -0.5, -0.8, -0.9, -0.99])
    found = np.full((n, n), np.nan)
    for i, j in itertools.combinations(range(n), 2):
        found[i, j] = found[j, i] = draw(values)
    return found


@settings(max_examples=60)
@given(_graphs(), st.randoms(use_true_random=False))
def test_sets_never_contradict_what_is_known_and_are_as_large_as_they_can_be(
    agreement: np.ndarray, chance: object
) -> None:
    n = len(agreement)
    every = np.array(list(itertools.permutations(range(n), 2)), np.int64).reshape(-1, 2)
    found = signed_sets(agreement, every, same_at=0.8, opposite_at=-0.8)
    shuffled = every[np.random.default_rng(chance.randint(0, 9)).permutation(len(every))]  # type: ignore[attr-defined]
    again = signed_sets(agreement, shuffled, same_at=0.8, opposite_at=-0.8)
    assert np.array_equal(found.sets, again.sets)
    assert np.array_equal(found.signs, again.signs)

    def fits(i: Any, j: Any, sign: int) -> bool:
        value = agreement[i, j]
        return bool(np.isnan(value) or (value >= 0.8 if sign > 0 else value <= -0.8))

    for i, j in itertools.combinations(range(n), 2):
        if found.sets[i] == found.sets[j]:
            assert fits(i, j, found.signs[i] * found.signs[j])
        elif abs(agreement[i, j]) >= 0.8:
            # A link that was not taken has a reason: some pair across the sets says otherwise.
            turn = np.sign(agreement[i, j]) * found.signs[i] * found.signs[j]
            across = itertools.product(
                np.flatnonzero(found.sets == found.sets[i]),
                np.flatnonzero(found.sets == found.sets[j]),
            )
            assert not all(fits(a, b, turn * found.signs[a] * found.signs[b]) for a, b in across)
    assert (found.signs[found.sets] == 1).all()


@settings(max_examples=30)
@given(_graphs(), st.data())
def test_what_is_turned_round_is_joined_the_same_way(
    agreement: np.ndarray, data: st.DataObject
) -> None:
    n = len(agreement)
    turned = np.array(data.draw(st.lists(st.sampled_from([1, -1]), min_size=n, max_size=n)))
    every = np.array(list(itertools.combinations(range(n), 2)), np.int64).reshape(-1, 2)
    found, other = (
        signed_sets(matrix, every, same_at=0.8, opposite_at=-0.8)
        for matrix in (agreement, agreement * np.outer(turned, turned))
    )
    assert np.array_equal(found.sets, other.sets)
    assert np.array_equal(found.signs, other.signs * turned * turned[found.sets])


# --- themes


def test_themes_are_numbered_by_members_and_named_by_what_is_in_their_middle() -> None:
    vectors = np.array(
        [[1, 0, 0], [0, 1, 0], [0, 0.96, 0.28], [0, 0.8, 0.6], [0, 0, 0]], np.float32
    )
    found = find_themes(vectors, [1, 1, 1, 1, 1], most_distant=0.5)
    assert found.numbers.tolist() == [1, 0, 0, 0, 2]
    assert found.medoids.tolist() == [2, 0, 4]
    assert find_themes(vectors, [9, 1, 1, 1, 1], most_distant=0.5).numbers[0] == 0
    assert find_themes(vectors[:0], [], most_distant=0.5).numbers.tolist() == []
    assert find_themes(vectors[:1], [1], most_distant=0.5).numbers.tolist() == [0]


def test_the_terms_of_a_theme_are_those_that_the_others_lack() -> None:
    texts = pl.DataFrame(
        {
            "cluster": [0, 0, 1, 1],
            "text": ["uses a table", "has a short table", "is polite", "is very polite and short"],
        }
    )
    found = theme_terms(texts)
    assert found[0][0] == "table"
    assert found[1][0] == "polite"
    assert theme_terms(texts.filter(cluster=0))[0] == ["table", "short", "uses"]
    assert theme_terms(texts.filter(cluster=5)) == {}


def test_one_alone_is_near_nobody() -> None:
    assert centrality(np.eye(3, dtype=np.float32)[:1]).tolist() == [0]


# --- merging


def _texts(*texts: str, opposites: dict[str, str] | None = None) -> pl.DataFrame:
    turned = [(opposites or {}).get(text) for text in texts]
    return pl.DataFrame(
        {
            "principle_id": [f"p{n}" for n in range(len(texts))],
            "text": list(texts),
            "opposite": pl.Series(turned, dtype=pl.String),
        }
    )


def _pilot(votes: np.ndarray, strengths: list[float] | None = None) -> Pilot:
    known = np.full(votes.shape[1], np.nan) if strengths is None else np.array(strengths)
    return Pilot(votes.astype(np.int8), known, (), np.empty((len(votes), 0), np.int8))


def _near(n: int) -> np.ndarray:
    """Return rows that are all near each other, the first two nearest."""
    base = np.eye(n + 1, dtype=np.float32)[:n] * 0.3
    base[:, -1] = 1
    near: np.ndarray = (base / np.linalg.norm(base, axis=1, keepdims=True)).astype(np.float32)
    return near


def test_an_antonym_is_the_opposite_although_its_sentence_is_near() -> None:
    votes = np.tile([[1, -1, 1], [-1, 1, 1], [1, -1, -1]], (6, 1))
    found = merge(
        _texts("is longer", "is shorter", "is kind"),
        _near(3),
        _pilot(votes, [0.1, -0.3, 0.2]),
        _RULES,
    )
    assert found.representatives.tolist() == [1, 1, 2]
    assert found.signs.tolist() == [-1, 1, 1]


def test_nothing_is_merged_by_nearness_alone() -> None:
    texts, near = _texts("is longer", "is shorter"), _near(2)
    few = np.tile([[1, 1]], (9, 1))
    found = merge(texts, near, _pilot(few), _RULES)
    assert found.representatives.tolist() == [0, 1]
    assert found.n_unsure == 1
    assert merge(texts, near, no_pilot(2), _RULES).representatives.tolist() == [0, 1]
    enough = np.tile([[1, 1]], (10, 1))
    far = np.eye(2, dtype=np.float32)
    assert merge(texts, far, _pilot(enough), _RULES).representatives.tolist() == [0, 1]
    assert merge(texts, near, _pilot(enough), _RULES).representatives.tolist() == [0, 0]


def test_the_same_words_need_no_votes() -> None:
    texts = _texts("Is  kind", "is kind", "is rude", opposites={"is rude": "is kind"})
    found = merge(texts, np.zeros((3, 4), np.float32), no_pilot(3), _RULES)
    assert found.representatives.tolist() == [0, 0, 0]
    assert found.signs.tolist() == [1, 1, -1]
    odd = _texts("is", "was", opposites={"is": "is"})
    assert merge(
        odd, np.zeros((2, 4), np.float32), no_pilot(2), _RULES
    ).representatives.tolist() == [0, 1]


def test_the_strongest_stands_for_all_then_the_middle_then_the_first_text() -> None:
    votes = np.tile([[1, 1, 1]], (12, 1))
    texts = _texts("c", "b", "a")
    tilted = np.array([[1, 0, 0], [0.9, 0.4359, 0], [0.9, 0, 0.4359]], np.float32)
    for strengths, expected in (([0.1, 0.1, -0.2], 2), ([0.1, 0.1, 0.1], 0), (None, 0)):
        found = merge(texts, tilted, _pilot(votes, strengths), _RULES)
        assert set(found.representatives.tolist()) == {expected}
    equal = np.tile(np.array([[1, 0]], np.float32), (3, 1))
    assert set(merge(texts, equal, _pilot(votes), _RULES).representatives.tolist()) == {2}


# --- rows


def _principles(*rows: dict[str, object]) -> pl.DataFrame:
    common: dict[str, object] = {"source": "s", "origin": "model", "position": 0, "stage": "x"}
    return pl.DataFrame(
        [common | row for row in rows], schema=polars_schema(table_schema("principles"))
    )


def test_a_principle_of_two_steps_is_one_with_all_its_proposals() -> None:
    found = distinct_principles(
        _principles(
            {"principle_id": "b", "sentence": "B", "n_proposals": 2},
            {"principle_id": "a", "sentence": "A"},
            {"principle_id": "b", "sentence": "b.", "n_proposals": 3},
        )
    )
    assert found.select("principle_id", "sentence", "n_proposals").rows() == [
        ("a", "A", None),
        ("b", "B", 5),
    ]


def test_who_stands_for_several_has_their_proposals_and_the_sentence_of_its_opposite() -> None:
    sentences = ["is kind", "is longer", "is shorter", "is terse"]
    principles = distinct_principles(
        _principles(
            *(
                {"principle_id": f"p{n}", "sentence": f"Select it: {text}", "n_proposals": n + 1}
                for n, text in enumerate(sentences)
            )
        )
    )
    votes = np.tile([[1, 1, -1, -1], [1, -1, 1, 1]], (8, 1)).astype(np.int8)
    factor_votes = np.stack([votes[:, 0], -votes[:, 1]], axis=1)
    strengths = np.array([0.5, 0.4, -0.3, -0.35])
    pilot = Pilot(votes, strengths, ("kindness", "length"), factor_votes)
    texts, vectors = _texts(*sentences), _near(4)
    merged = merge(texts, vectors, pilot, _RULES)
    found = merged_rows(
        principles,
        texts,
        vectors,
        pilot,
        merged,
        max_principles=1,
        most_distant=0.1,
        min_compared=10,
    )
    assert found.principles["principle_id"].to_list() == ["p0"]
    assert sorted(found.cut["principle_id"]) == ["p1", "p2", "p3"]
    both = merged_rows(
        principles,
        texts,
        vectors,
        pilot,
        merged,
        max_principles=9,
        most_distant=0.1,
        min_compared=10,
    )
    assert both.cut.is_empty()
    longer = both.principles.row(1, named=True)
    assert longer["opposite"] == "Select it: is terse"
    assert longer["n_proposals"] == 2 + 3 + 4
    assert (longer["nearest_factor"], longer["nearest_correlation"]) == ("length", -1)
    assert both.principles["position"].to_list() == [0, 1]
    relations = dict(both.members.select("principle_id", "relation").iter_rows())
    assert relations == {
        "p0": "representative",
        "p1": "representative",
        "p2": "opposite",
        "p3": "opposite",
    }
    evidence = both.members.filter(principle_id="p2").row(0, named=True)
    assert (evidence["vote_cosine"], evidence["n_compared"]) == (-1, 16)
    assert evidence["cosine"] == pytest.approx(1 / 1.09, abs=1e-3)
    assert both.members.filter(relation="representative")["cosine"].null_count() == 2


def test_what_the_user_gave_is_never_cut_for_what_was_proposed() -> None:
    principles = distinct_principles(
        _principles(
            {"principle_id": "p0", "sentence": "is kind", "n_proposals": 9},
            {"principle_id": "p1", "sentence": "is brave", "origin": "given"},
        )
    )
    texts, vectors = _texts("is kind", "is brave"), np.eye(2, dtype=np.float32)
    pilot = no_pilot(2)
    merged = merge(texts, vectors, pilot, _RULES)
    found = merged_rows(
        principles,
        texts,
        vectors,
        pilot,
        merged,
        max_principles=1,
        most_distant=0.1,
        min_compared=1,
    )
    assert found.principles["principle_id"].to_list() == ["p1"]
    assert found.principles["nearest_factor"].to_list() == [None]


def test_votes_that_are_nearly_equal_are_one_principle_whatever_the_words() -> None:
    votes = np.where(np.random.default_rng(0).random((40, 1)) < 0.5, 1, -1).astype(np.int8)
    cast = np.hstack([votes, votes, -votes])
    pilot = Pilot(cast, np.zeros(3), (), np.empty((40, 0), np.int8))
    texts = pl.DataFrame(
        {"principle_id": ["a", "b", "c"], "text": ["sorry", "regret", "proud"], "opposite": None},
        schema_overrides={"opposite": pl.String},
    )
    apart = np.eye(3, dtype=np.float32)
    rules = Rules(0.6, 20, 0.8, -0.8, 10)
    found = merge(texts, apart, pilot, rules)
    assert len(set(found.representatives.tolist())) == 1
    assert found.signs.tolist().count(-1) in (1, 2)
    few = merge(texts, apart, pilot, replace(rules, min_compared=14))
    assert len(set(few.representatives.tolist())) == 3
