"""What an estimate goes on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.rationales.handles import find_handles, swap_handles
from prefdata.rationales.reading import read_blind
from prefdata.rationales.stand_ins import AGREES, agrees, stand_in, stand_in_blind

if TYPE_CHECKING:
    from prefdata.rationales.wording import Kind

__all__: list[str] = []

_GOOD = "Turn the tap off below the sink first, then unscrew the handle with a wrench and look."
_BAD = 'Just "call" a plumber, he will know what to do about it and will not cost you much.'


@pytest.mark.parametrize(("kind", "least", "most"), [("general", 30, 60), ("specific", 80, 180)])
def test_it_is_as_long_as_a_rationale_and_names_both(kind: Kind, least: int, most: int) -> None:
    text = stand_in(kind, "X", _GOOD, _BAD)
    assert least <= len(text.split()) <= most
    assert {name for _, name in find_handles(text)} == {"X", "Y"}
    assert text.startswith("X ")


def test_quotations_are_words_of_the_response_they_are_ascribed_to() -> None:
    text = stand_in("specific", "Y", _BAD, _GOOD)
    quoted = text.split('"')[1::2]
    assert len(quoted) == 2
    assert quoted[0] in _GOOD
    assert quoted[1] in _BAD.replace('"', "")


def test_exchanging_the_responses_exchanges_the_handles() -> None:
    text = pl.Series([stand_in("general", "X", _GOOD, _BAD)])
    assert swap_handles(text)[0] == stand_in("general", "Y", _BAD, _GOOD)


def test_one_of_empty_responses_can_still_be_made() -> None:
    text = stand_in("specific", "X", "", "X 1 2 3")
    assert text.startswith('X "nothing" nothing nothing')


def test_a_blind_one_can_be_read() -> None:
    read = read_blind(stand_in_blind("general", "Y", _GOOD, _BAD))
    assert read.verdict == "Y"
    assert read.reason == stand_in("general", "Y", _GOOD, _BAD)


def test_an_estimate_takes_a_share_of_pairs_to_agree() -> None:
    share = sum(agrees(f"pair-{n}") for n in range(4000)) / 4000
    assert abs(share - AGREES) < 0.03
