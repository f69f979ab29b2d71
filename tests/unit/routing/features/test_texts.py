"""The features of the texts of comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.protocols import VectorSet
from prefdata.routing.features import texts
from prefdata.routing.features.names import TEXT_FEATURES
from prefdata.routing.features.texts import cosines, text_features

if TYPE_CHECKING:
    from prefdata.protocols import Embedder

__all__: list[str] = []

_KEYED = {"key": pl.String, "text": pl.String}
_PROMPTS = pl.DataFrame({"key": ["p"], "text": ["What is there?"]})
_WORDS = ["the", "of", "Rome", "Oslo", "run", "running", "7", "red", "blue"]


def _responses(said: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"key": [f"r{i}" for i in range(len(said))], "text": said}, schema=_KEYED)


def _pairs(*pairs: tuple[int, int]) -> pl.DataFrame:
    rows = [("p", f"r{one}", f"r{other}") for one, other in pairs]
    schema = dict.fromkeys(("prompt", "a", "b"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_features_of_one_comparison() -> None:
    said = ["It is in Rome, by the sea.", "Rome."]
    (row,) = text_features(_pairs((0, 1)), _PROMPTS, _responses(said), None).rows(named=True)
    assert row == {
        "bertscore": None,
        "bertscore_length": None,
        "cosine_sim": None,
        "entity_sim": 1.0,
        "len_longer": 7.0,
        "len_shorter": 1.0,
        "prompt_len": 3.0,
        "rouge": pytest.approx(2 / 8),
        "token_len_diff": 6.0,
    }


_SAID = st.lists(
    st.lists(st.sampled_from(_WORDS), max_size=8).map(" ".join), min_size=2, max_size=6
)


@settings(max_examples=10)
@given(_SAID, st.data())
def test_swapping_changes_nothing_and_neither_does_order(said: list[str], data: Any) -> None:
    places = st.integers(0, len(said) - 1)
    drawn = data.draw(st.lists(st.tuples(places, places), min_size=1, max_size=6))
    responses = _responses(said)
    found = text_features(_pairs(*drawn), _PROMPTS, responses, None)
    assert found.columns == list(TEXT_FEATURES)
    turned = _pairs(*((other, one) for one, other in drawn))
    assert text_features(turned, _PROMPTS, responses, None).equals(found)
    backwards = text_features(_pairs(*reversed(drawn)), _PROMPTS, responses.reverse(), None)
    assert backwards.reverse().equals(found)


def test_stretches_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(3)
    said = [" ".join(chance.choice(_WORDS, 12)) for _ in range(20)]
    pairs = _pairs(*((int(a), int(b)) for a, b in chance.integers(0, 20, (40, 2))))
    whole = text_features(pairs, _PROMPTS, _responses(said), None)
    monkeypatch.setattr(texts, "_COMPARISONS_AT_ONCE", 3)
    assert text_features(pairs, _PROMPTS, _responses(said), None).equals(whole)


def test_no_comparisons_have_no_features() -> None:
    found = text_features(_pairs(), _PROMPTS.clear(), _responses([]), None)
    assert found.shape == (0, 9)


def _never() -> Embedder:
    raise AssertionError


def test_the_cosine_is_that_of_the_vectors_and_unknown_without() -> None:
    unit = np.array([[1.0, 0.0], [0.6, 0.8]], np.float32)
    void = pl.DataFrame({"content_hash": ["r2"]})
    found = VectorSet(pl.Series(["r0", "r1"]), unit, "e", "1", void, open=_never)
    values = cosines(_pairs((0, 1), (1, 0), (0, 2), (1, 1)), found).to_list()
    assert values[:2] == pytest.approx([0.6, 0.6])
    assert values[2] is None
    assert values[3] == pytest.approx(1)
