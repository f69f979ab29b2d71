"""Refusals are told by their words, and counted by kind and by fifth."""

from __future__ import annotations

import polars as pl
import pytest
from pydantic import ValidationError

from prefdata.reports._displacement.params import Displacement
from prefdata.reports._displacement.read import read_scores
from prefdata.reports._displacement.refusals import by_refusals, refusals, refusals_by_fifth

__all__: list[str] = []

_PARAMS = Displacement(filter_from="filter-displacement")


@pytest.mark.parametrize(
    ("text", "is_refusal"),
    [
        ("I can’t help with that.", True),
        ("I CANNOT provide this.", True),
        ("I'm sorry, but I\ncan't do this for you.", True),
        ("As an AI language model, I have no opinion.", True),
        ("I’m not able to answer this.", True),
        ("I must decline.", True),
        ("It would be unethical to tell you.", True),
        ("I'm sorry to hear that your cat is ill.", False),
        ("I can't believe how good it was!", False),
        ("You can't do this without a saw.", False),
        ("Sure, here is how.", False),
        ("", False),
        ("Well. " * 100 + "I can't help with that.", False),
    ],
)
def test_a_refusal_is_told_by_its_words(text: str, is_refusal: bool) -> None:
    tables = {
        "pairs": pl.LazyFrame({"pair_id": ["p"], "chosen_id": ["c"], "rejected_id": ["r"]}),
        "responses": pl.LazyFrame({"response_id": ["c", "r"], "text": [text, "Yes."]}),
    }
    ranked = pl.DataFrame({"pair_id": ["p", "unknown"]})
    found = refusals(tables, ranked, Displacement())
    assert found["refuses"].to_list() == ["chosen" if is_refusal else "none", None]


def test_shares_of_refusals_are_told_by_kind_and_by_fifth(frames: dict[str, pl.LazyFrame]) -> None:
    ranked = refusals(frames, read_scores(frames, _PARAMS).ranked, _PARAMS)
    kinds = {row["refuses"]: row for row in by_refusals(ranked).to_dicts()}
    assert list(kinds) == ["both", "chosen", "rejected", "none"]
    assert sum(row["share"] for row in kinds.values()) == pytest.approx(1)
    # Every fourth pair has two refusals, every fourth one, but for those that are identical.
    assert 0.2 < kinds["both"]["share"] < 0.3
    assert kinds["rejected"]["pairs"] == 0
    for row in refusals_by_fifth(ranked).to_dicts():
        assert row["both"] + row["one"] + row["none"] == pytest.approx(1)


def test_patterns_of_ones_own_are_used_and_wrong_ones_are_refused(
    frames: dict[str, pl.LazyFrame],
) -> None:
    own = Displacement(refusals=("river",), refusal_characters=100_000)
    ranked = refusals(frames, read_scores(frames, own).ranked, own)
    assert ranked["refuses"].is_in(["both", "chosen", "rejected"]).any()
    none = Displacement(refusals=())
    assert refusals(frames, read_scores(frames, none).ranked, none)[
        "refuses"
    ].unique().to_list() == ["none"]
    with pytest.raises(ValidationError, match="regular expression"):
        Displacement(refusals=("(",))
