"""Letters become handles where they are surely names of responses, and stay where they are not."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.rationales.handles import swap_handles
from prefdata.stages._native_rationales.mentions import (
    N_PLACES,
    has_letters,
    may_name,
    resolve,
    scan,
)

__all__: list[str] = []


def _scan(text: str, language: str | None = "en", *, is_taken: bool = False) -> pl.DataFrame:
    texts = pl.Series([text])
    return scan(texts, pl.Series([language], dtype=pl.String), pl.Series([is_taken]))


def _resolved(text: str, language: str | None = "en", x: int = 1, y: int = 0) -> str:
    """Name the responses of a text; by default B is X and A is Y."""
    found = _scan(text, language)
    if found["marked"][0] is None:
        return text
    return str(resolve(found.with_columns(x_place=x, y_place=y))[0])


@pytest.mark.parametrize(
    ("language", "text", "named"),
    [
        ("en", "Response A is shorter than response B.", "Response Y is shorter than response X."),
        ("en", "I chose B because it is warm.", "I chose X because it is warm."),
        ("en", "A and B were fine. D is long.", "Y and X were fine. Another response is long."),
        ("en", "Compared to the option C, fine.", "Compared to another response, fine."),
        ("en", 'Option "B" wins.', 'Option "X" wins.'),
        ("en", "Better than A.", "Better than Y."),
        (
            "en",
            "Response 2 is right, and Response #1 is not.",
            "Response X is right, and Response #Y is not.",
        ),
        ("en", "Responses A, B and D agree.", "Responses Y, X and another response agree."),
        ("fr", "La réponse A est claire.", "La réponse Y est claire."),
        ("fr", "Plus longue que la réponse C.", "Plus longue qu'une autre réponse."),
        ("fr", "J'ai préféré B. L'option A est froide.", "J'ai préféré X. L'option Y est froide."),
        ("fr", "Response B est mieux.", "Response X est mieux."),
        ("it", "Preferisco la risposta B.", "Preferisco la risposta X."),
        (
            "it",
            "La qualità della risposta C è scarsa.",
            "La qualità di un'altra risposta è scarsa.",
        ),
        ("pt", "A resposta A é melhor.", "A resposta Y é melhor."),
        ("pt", "Na opção D faltou tudo.", "Em outra resposta faltou tudo."),
        ("hi", "उत्तर A सबसे अच्छा है।", "उत्तर Y सबसे अच्छा है।"),
        ("hi", "विकल्प बी लंबा है।", "विकल्प X लंबा है।"),
        ("hi", "मुझे C पसंद नहीं।", "मुझे एक अन्य उत्तर पसंद नहीं।"),
        ("de", "Response A war gut.", "Response Y war gut."),
        (None, "Response A was good.", "Response Y was good."),
    ],
)
def test_a_clear_mention_becomes_a_handle(language: str, text: str, named: str) -> None:
    assert _resolved(text, language) == named
    assert pl.DataFrame({"t": [text]}).select(may_name(pl.col("t"))).item()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "A is better."),
        ("en", "The response a is good."),
        ("en", "The second answer was long."),
        ("en", "Text 2 is wrong."),
        ("en", "(C) is bad."),
        ("fr", "LA RÉPONSE A ÉTÉ BONNE."),
        ("fr", "la réponse c est bien"),
        ("pt", "RESPOSTA A MINHA PERGUNTA"),
        ("pt", "A segunda resposta é longa."),
        ("hi", "पहला उत्तर अच्छा है।"),
    ],
)
def test_a_doubtful_mention_stays_and_is_told(language: str, text: str) -> None:
    found = _scan(text, language)
    assert found["marked"][0] is None
    assert found["unclear"][0].len()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "A better tone, and a lot of detail."),
        ("en", "Vitamin C is good, and so is plan B."),
        ("en", "An A/B test of a B&B in C++ or C#."),
        ("en", "It should answer 2 questions."),
        ("en", "The first step was right."),
        ("fr", "La réponse a été bonne, et j'ai aimé le ton."),
        ("it", "La risposta a questa domanda è chiara."),
        ("pt", "Gostei da resposta a minha pergunta."),
        ("hi", "मुझे जवाब बहुत अच्छा लगा।"),
    ],
)
def test_what_is_no_mention_is_not_told(language: str, text: str) -> None:
    assert _scan(text, language).row(0) == (None, [], [])


def test_letters_that_the_prompt_uses_are_left_unless_a_response_is_named() -> None:
    text = "Option B is the right answer, and Response A missed it. C is silly."
    found = _scan(text, is_taken=True)
    assert found["clear"][0].to_list() == ["Response A"]
    assert set(found["unclear"][0]) == {"Option B", "C"}
    questions = pl.Series("t", ["Which?\nA) red\nB) blue", "Is C easy to learn?", "Which colour?"])
    told = questions.to_frame().select(has_letters(pl.col("t"))).to_series()
    assert told.to_list() == [True, True, False]


def test_private_characters_of_a_text_are_never_taken_for_marks() -> None:
    assert _scan("Response A \ue000 is \ue0f0 odd.").row(0) == (None, [], [])


_WORDS = [
    *("Response A", "response B", "option C", "D", "and", "B is", "A", "fine.", "than B"),
    *("la risposta C", "The response D", "उत्तर A", ",", "'", "X", "\n", "que la réponse B"),
]
_TEXTS = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=8).map(" ".join)
_LANGUAGES = st.sampled_from(["en", "fr", "hi", "it", "pt", None])


@given(_TEXTS, _LANGUAGES, st.permutations(range(N_PLACES)))
def test_the_other_order_swaps_the_handles(text: str, language: str, places: list[int]) -> None:
    x, y = places[:2]
    one, other = _resolved(text, language, x, y), _resolved(text, language, y, x)
    if "X" not in text and "'" not in text:
        assert swap_handles(pl.Series([one]))[0] == other
    assert not any("\ue000" <= character <= "\ue0ff" for character in one)


@given(st.text(max_size=60), _LANGUAGES)
def test_a_text_without_a_clear_mention_is_left_as_it_is(text: str, language: str) -> None:
    found = _scan(text, language)
    if not found["clear"][0].len():
        assert found["marked"][0] is None
    else:
        assert pl.DataFrame({"t": [text]}).select(may_name(pl.col("t"))).item()
    assert found.height == 1
