from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.texts.language import LETTERS_NEEDED, SURE_FROM, languages

__all__: list[str] = []

_SENTENCES = {
    "en": "The steps in this text are easier to follow than those in the other one.",
    "fr": "Les étapes de ce texte sont plus faciles à suivre que celles de l'autre.",
    "it": "I passaggi di questo testo sono più facili da seguire di quelli dell'altro.",
    "pt": "Os passos deste texto são mais fáceis de seguir do que os do outro texto.",
    "hi": "इस पाठ के चरण दूसरे पाठ के चरणों से अधिक आसानी से समझ में आते हैं।",
    "es": "Los pasos de este texto son más fáciles de seguir que los del otro texto.",
    "de": "Die Schritte in diesem Text sind leichter zu befolgen als die im anderen.",
    "zh": "这个回答的步骤比另一个更容易理解,而且每一步都有清楚的说明和例子。",
    "ja": "この回答の手順は、もう一方よりもずっと分かりやすく説明されています。",
    "ar": "خطوات هذا النص أسهل في المتابعة من خطوات النص الآخر بكثير.",
    "ru": "Шаги в этом тексте проще выполнить, чем шаги в другом тексте.",
}


@pytest.mark.parametrize("language", _SENTENCES)
def test_a_sentence_is_known_by_its_language(language: str) -> None:
    found = languages(pl.Series([_SENTENCES[language]]))
    assert found["language"].to_list() == [language]
    assert found["confidence"][0] >= SURE_FROM


def test_no_language_is_named_without_twenty_letters() -> None:
    texts = ["The cat sat on a mat", "The cat sat on a mat, 12345 67890!", None, "", "१२३ 456"]
    assert languages(pl.Series(texts))["language"].to_list() == [None] * 5
    assert LETTERS_NEEDED == 20


def test_marks_of_vowels_count_as_letters() -> None:
    assert languages(pl.Series(["इस पाठ के चरण आसान हैं और साफ़ हैं"]))["language"][0] == "hi"


def test_a_mixture_is_left_open_or_named_after_one_of_its_parts() -> None:
    mixed = "Xyzzy plugh frotz qwrt zxcv bnmk lkjh gfds poiu ytre"
    found = languages(pl.Series([mixed]))
    assert found["confidence"][0] < SURE_FROM
    assert found["language"][0] is None


@given(st.lists(st.one_of(st.none(), st.text(max_size=60)), max_size=8))
def test_each_text_is_read_for_itself(texts: list[str | None]) -> None:
    together = languages(pl.Series(texts, dtype=pl.String))
    assert together.columns == ["language", "confidence"]
    alone = [languages(pl.Series([text], dtype=pl.String)).row(0) for text in texts]
    assert together.rows() == alone
