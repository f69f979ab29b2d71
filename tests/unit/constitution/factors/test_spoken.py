"""Languages of responses: as the source says, as they are written, or as what is before them."""

from __future__ import annotations

import polars as pl
import pytest

from prefdata.constitution.factors.spoken import ENGLISH, spoken

__all__: list[str] = []

_LONG = "How should I prune the old apple tree in my garden, and when is the best time?"
# Short sentences of words that English has too, and of languages near it.
_OTHERS = {
    "nl": "We had de hond mee op reis, of is het zo dat die van haar is? Het was heel mooi.",
    "da": "Det er for sent at have en hest med i byen, og han var her for at se den gamle bro.",
    "de": "Er hat so lange gewartet, bis der alte Mann in das Haus kam und die Tür schloss.",
    "it": "Siamo in cinque a casa, e da me non si mangia mai prima delle nove di sera.",
    "fr": "On a des amis comme eux depuis dix ans, mais il ne faut pas le dire trop fort.",
    "es": "He visto a la mujer que me ha dicho que no hay pan en casa desde el domingo.",
    "pl": "I to by było na tyle, a my do domu idziemy już po raz drugi w tym tygodniu.",
    "pt": "As casas do bairro são antigas, e a rua tem muitas árvores de que gosto bastante.",
    "ja": "庭の古いりんごの木を剪定するのに一番いい時期はいつですか、教えてください。",
}


def named(
    *rows: tuple[str | None, str | None, str | None],
) -> list[str | None]:
    """Name languages of responses that answer a message without words."""
    schema = dict.fromkeys(("text", "conversation", "assigned"), pl.String)
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return spoken(frame.with_columns(prompt=pl.lit("???"))).to_list()


def test_the_source_has_the_first_word() -> None:
    assert named((_LONG, _LONG, "de"), (_LONG, _LONG, "pt-BR"), (None, None, "EN_us")) == [
        "de",
        "pt",
        "en",
    ]


def test_a_word_of_the_source_that_is_no_code_does_not_count() -> None:
    assert named((_LONG, _LONG, "English")) == ["en"]


def test_what_is_written_counts_before_what_it_answers() -> None:
    assert named((_OTHERS["fr"], _LONG, None)) == ["fr"]


def test_what_is_too_short_to_tell_is_in_the_language_of_the_conversation() -> None:
    rows = [("Non.", _OTHERS["fr"], None), ("", _LONG, None), (None, _LONG, None)]
    assert named(*rows) == ["fr", "en", "en"]


def test_the_last_message_counts_before_the_conversation() -> None:
    frame = pl.DataFrame({"text": ["Ja!"], "prompt": [_OTHERS["de"]], "conversation": [_LONG]})
    assert spoken(frame.with_columns(assigned=pl.lit(None, pl.String))).to_list() == ["de"]


def test_what_nobody_can_tell_is_unknown() -> None:
    assert named(("42", "?", None), ("", "", None), (None, None, None)) == [None, None, None]
    assert named() == []


@pytest.mark.parametrize("language", list(_OTHERS))
def test_no_other_language_is_taken_for_english(language: str) -> None:
    assert named((_OTHERS[language], None, None)) == [language]


def test_english_is_known_by_its_small_words() -> None:
    assert named(("What's this?", None, None), ("Yes, it is.", None, None)) == ["en"] * 2
    assert len(set(ENGLISH)) == len(ENGLISH)
