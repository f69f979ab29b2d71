"""Values of texts: the same as in plain Python, each text once, and unknown where untold."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.constitution.factors import measure as measuring
from prefdata.constitution.factors.catalogue import load_catalogue
from prefdata.constitution.factors.measure import (
    measure,
    measure_values,
    value_lists,
    value_matrix,
)
from prefdata.testing.plain_factors import PlainFactors

if TYPE_CHECKING:
    import pytest

    from prefdata.constitution.factors.catalogue import Catalogue

__all__: list[str] = []

_CATALOGUE = load_catalogue()
_PLAIN = PlainFactors(_CATALOGUE)
_ASK = "Please list some ways to write short Python code."
_TEXTS = (
    "I’m so sorry, I can't help with that. You should see a doctor. Sure, it isn't good!",
    "**Sure!** Here are three:\n\n1. `a`\n2. x = 3 + 4\n- see https://www.a.org\n\n# End",
    "Yes yes, yes. WHAT?! Not a very good idea 😀, i'd say “no”…",
    "Je ne sais pas. Да, 这是一个测试。",
    "",
    " \n",
)
# Words of the catalogue, signs, and characters whose lower case or class is odd.
_PIECES = st.sampled_from(
    [
        *("sorry", "I can't", "not", "good", "you", "why", "1.", "- ", "# ", "**a**", "`x`", "```"),
        *(
            "\n",
            "\n\n",
            ". ",
            "? ",
            "! ",
            "  ",
            "'",
            "’",
            "“",
            "…",
            "İ",
            "ß",
            "\u017f",
            "K",
            "ñ",
            "Я",
            "中",
        ),
        *("\U0001f600", "\u0301", "\u200d", "\r\n", "\x1c", "\xa0", "$", "3 + 4", "www.a", "|a|"),
    ]
)
_TEXT = st.one_of(st.text(max_size=40), st.lists(_PIECES, max_size=14).map("".join))
_ROW = st.tuples(
    st.none() | _TEXT, st.none() | st.just(_ASK) | _TEXT, st.sampled_from(["en", "fr", None])
)


def values_of(*rows: tuple[str | None, str | None, str | None]) -> np.ndarray:
    frame = pl.DataFrame(
        rows, schema=dict.fromkeys(("text", "prompt", "language"), pl.String), orient="row"
    )
    return measure_values(frame, _CATALOGUE)


@functools.cache
def _only(name: str) -> Catalogue:
    """Return a catalogue of one factor, which is measured the faster."""
    factor = next(factor for factor in _CATALOGUE.factors if factor.name == name)
    return _CATALOGUE.model_copy(update={"factors": (factor,)})


def value(name: str, text: str | None, prompt: str = "Why?", language: str | None = "en") -> float:
    frame = pl.DataFrame({"text": [text], "prompt": [prompt], "language": [language]})
    return float(measure_values(frame, _only(name)).item())


@settings(max_examples=12)
@given(st.lists(_ROW, min_size=1, max_size=12))
def test_values_are_those_of_plain_python(
    rows: list[tuple[str | None, str | None, str | None]],
) -> None:
    rows += [(text, _ASK, "en") for text in _TEXTS]
    expected = np.array([_PLAIN.values(*row) for row in rows], np.float32)
    np.testing.assert_array_equal(values_of(*rows), expected)


def test_order_and_repeats_change_nothing() -> None:
    rows = [(text, _ASK, "en") for text in _TEXTS]
    found = values_of(*rows)
    np.testing.assert_array_equal(
        values_of(*reversed(rows), *rows), np.vstack([found[::-1], found])
    )


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(text, prompt, "en") for text in _TEXTS for prompt in (_ASK, None)]
    found = values_of(*rows)
    monkeypatch.setattr(measuring, "BATCH", 5)
    monkeypatch.setattr(measuring, "BATCH_BYTES", 70)
    np.testing.assert_array_equal(values_of(*rows), found)


def test_there_may_be_no_texts() -> None:
    assert values_of().shape == (0, 63)
    frame = pl.DataFrame(
        schema=dict.fromkeys(("response_id", "text", "prompt", "language"), pl.String)
    )
    assert measure(frame, _CATALOGUE).height == 0


def test_words_of_another_language_are_not_told_but_forms_are() -> None:
    text = "Es tut mir leid.\n\n- sorry"
    assert np.isnan(value("apology", text, language="de"))
    assert np.isnan(value("apology", text, language=None))
    assert value("apology", text) == 1
    assert value("bullets", text, language="de") == 1


def test_an_empty_text_has_none_of_anything_and_no_averages() -> None:
    assert (value("apology", ""), value("first_person", ""), value("length", "")) == (0, 0, 0)
    assert value("very_short", "") == 1
    assert all(np.isnan(value(name, "")) for name in ("word_len", "sentence_len", "script_match"))


def test_a_text_that_is_missing_tells_nothing() -> None:
    assert np.isnan(values_of((None, _ASK, "en"))).all()


def test_factors_of_prompts_do_not_apply_to_others() -> None:
    text = "```x```"
    assert np.isnan(value("code_on_request", text))
    assert value("code_on_request", text, "Write code, please.") == 2
    assert value("brief_on_request", text, "Briefly: why?") == -7


def test_only_the_first_two_sentences_say_whether_it_refuses() -> None:
    assert value("refusal", "Hm. I can't help with that.") == 1
    assert value("refusal", "Take tea. Add milk. I can't help it.") == 0
    assert value("refusal", "I won't") == 1


def test_a_negated_word_counts_for_the_other_side() -> None:
    assert value("sentiment", "It is good.") == 1
    assert value("sentiment", "It isn't very good.") == -1
    assert value("sentiment", "It is not bad.") == 1


def test_capitals_of_another_script_do_not_matter_to_curly_quotes() -> None:
    assert value("script_match", "“It’s”", "Why?") == 1
    assert value("script_match", "Да", "Why?") == 0


def test_lists_of_the_table_give_the_values_back() -> None:
    found = values_of(*((text, _ASK, "en") for text in _TEXTS))
    lists = value_lists(found)
    assert lists.dtype == pl.List(pl.Float32)
    np.testing.assert_array_equal(value_matrix(lists, 63), found)
    assert value_matrix(lists[:0], 63).shape == (0, 63)


def test_a_very_long_text_is_measured() -> None:
    text = "I think so. " * 17_000
    assert value("length", text) == 204_000
    assert value("repetition", text) == 0
    assert value("opinion", text) == 17_000


def test_rows_keep_their_names() -> None:
    frame = pl.DataFrame(
        {
            "response_id": ["b", "a"],
            "text": ["x", "y"],
            "prompt": ["p", "p"],
            "language": ["en", None],
        }
    )
    assert measure(frame, _CATALOGUE)["response_id"].to_list() == ["b", "a"]
