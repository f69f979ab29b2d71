from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.core.errors import InternalError
from prefdata.rationales.lexicon import (
    ASPECTS,
    Lexicon,
    alternatives,
    lexicon_languages,
    lexicon_of,
    load_lexicon,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__: list[str] = []

_COMMUNITY_ALIGNMENT = {"en", "fr", "hi", "it", "pt"}
_PATTERNS = ("refusal", "undecided", "equal", "contrast", "label_leak", "position_leak", "innocent")


def _of(language: str) -> Lexicon:
    lexicon = lexicon_of(language)
    assert lexicon is not None
    return lexicon


def _hits(lexicon: Lexicon, sentence: str, *fields: str) -> list[str]:
    text = pl.Series([sentence])
    return [
        field for field in fields if text.str.contains(lexicon.pattern(getattr(lexicon, field)))[0]
    ]


def test_the_languages_of_community_alignment_have_word_patterns() -> None:
    assert set(lexicon_languages()) >= _COMMUNITY_ALIGNMENT
    assert lexicon_of("tlh") is None


@pytest.mark.parametrize("language", lexicon_languages())
def test_the_patterns_are_read_by_rust_too(language: str) -> None:
    lexicon = _of(language)
    text = pl.Series(["X and Y"])
    for patterns in (*(getattr(lexicon, name) for name in _PATTERNS), *lexicon.aspects.values()):
        for expression in (lexicon.pattern(patterns), lexicon.sieve(patterns)):
            assert text.str.contains(expression, strict=True).len() == 1


@pytest.mark.parametrize("language", lexicon_languages())
def test_what_controls_put_in_is_seen_and_the_samples_are_clean(language: str) -> None:
    lexicon = _of(language)
    texts = lexicon.controls
    for sentence in texts.refusal:
        assert _hits(lexicon, sentence, "refusal", "undecided", "equal"), sentence
    for sentence in texts.label:
        assert _hits(lexicon, sentence.format(good="X", bad="Y"), "label_leak"), sentence
    for sentence in texts.position:
        assert _hits(lexicon, sentence, "position_leak"), sentence
    for sample in texts.samples:
        assert not _hits(lexicon, sample, "refusal", "undecided", "label_leak", "position_leak"), (
            sample
        )


@pytest.mark.parametrize("language", sorted(_COMMUNITY_ALIGNMENT))
def test_each_criterion_has_words(language: str) -> None:
    assert set(_of(language).aspects) == set(ASPECTS)


def test_a_sieve_finds_the_texts_that_the_pattern_finds() -> None:
    lexicon = _of("en")
    texts = pl.Series(["the first answer", "(first answer)", "the firsts answers", "une first one"])
    found = texts.str.contains(lexicon.pattern(lexicon.position_leak)).to_list()
    assert texts.str.contains(lexicon.sieve(lexicon.position_leak)).to_list() == found
    assert found == [True, True, False, False]


def test_no_patterns_match_nothing() -> None:
    assert not pl.Series(["", "anything"]).str.contains(alternatives([])).any()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda text: text + "\nextra: 1\n", "extra"),
        (lambda text: text.replace("language: en", "language: de", 1), "of 'de'"),
        (lambda text: text.replace("{ordinal}", "{ordinary}"), "ordinary"),
        (lambda text: text.replace("  tone: [", "  mood: ["), "mood"),
        (lambda text: text.replace('"{person}"', '"({person}"'), "label_leak"),
        (lambda text: text + "\n: [\n", "cannot be read"),
    ],
)
def test_a_faulty_file_is_named(
    tmp_path: Path, change: Callable[[str], str], complaint: str
) -> None:
    shipped = next(iter(_files()))
    copy = tmp_path / "en.yaml"
    copy.write_text(change(shipped.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(InternalError, match="word patterns") as raised:
        load_lexicon(copy)
    assert raised.value.where == "en.yaml"
    assert complaint in str(raised.value)


def _files() -> list[Path]:
    import prefdata.rationales.lexicon as module

    return [module._FOLDER / "en.yaml"]
