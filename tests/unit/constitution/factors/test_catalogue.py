"""Catalogues of factors: the one that ships, those that extend it, and what is refused."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.constitution.factors.catalogue import BUILT_IN, load_catalogue
from prefdata.constitution.names import principle_id
from prefdata.core.errors import RecipeError, UnknownNameError
from prefdata.schema import conform, table_schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prefdata.constitution.factors.catalogue import Catalogue

__all__: list[str] = []

_TEA = """
  tea:
    theme: drinks
    kind: count
    words: tea, cup of tea, teas
    sentence: Select the response that speaks more of tea.
    opposite: Select the response that speaks less of tea.
"""
_OWN = f"extends: builtin-1\nversion: own-1\nfactors:\n{_TEA}"


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Catalogue]:
    def write(text: str) -> Catalogue:
        path = tmp_path / "own.yaml"
        path.write_text(text, encoding="utf-8")
        return load_catalogue(path)

    return write


def test_63_factors_ship_in_six_groups() -> None:
    catalogue = load_catalogue()
    assert catalogue.version == BUILT_IN
    assert Counter(factor.theme for factor in catalogue.factors) == {
        "length": 10,
        "formatting": 12,
        "safety": 9,
        "reasoning": 8,
        "manner": 19,
        "prompt": 5,
    }


def test_each_end_of_a_factor_is_a_sentence_of_its_own() -> None:
    factors = load_catalogue().factors
    ends = [end for factor in factors for end in (factor.sentence, factor.opposite)]
    assert all(end.startswith("Select the response that ") and end.endswith(".") for end in ends)
    assert principle_id(pl.Series(ends)).n_unique() == len(ends)


def test_factors_with_words_are_told_in_english_and_others_anywhere() -> None:
    known = {factor.name: factor.languages for factor in load_catalogue().factors}
    assert known["apology"] == ("en",)
    assert known["bullets"] is None


def test_factors_are_rows_of_principles() -> None:
    catalogue = load_catalogue()
    rows = catalogue.principles().with_columns(source=pl.lit("s"), stage=pl.lit("factors"))
    full = conform(rows, table_schema("principles"))
    assert full["position"].to_list() == list(range(63))
    assert full["catalogue"].unique().to_list() == [f"builtin-1@{catalogue.digest}"]


def test_a_catalogue_of_your_own_adds_changes_and_leaves_out(
    load: Callable[[str], Catalogue],
) -> None:
    own = load(
        f"{_OWN}  apology:\n    words: [sorry, entschuldigung]\n    languages: [en, de]\n"
        "leave_out: [emoji, tables]\n"
    )
    named = {factor.name: factor for factor in own.factors}
    assert len(own.factors) == 62
    assert own.names[-1] == "tea"
    assert named["tea"].words == ("tea", "cup of tea", "teas")
    assert named["tea"].languages == ("en",)
    assert named["apology"].words == ("sorry", "entschuldigung")
    assert named["apology"].sentence == "Select the response that apologises more."
    assert own.label.startswith("own-1@")
    assert own.digest != load_catalogue().digest


def test_a_catalogue_may_stand_alone(load: Callable[[str], Catalogue]) -> None:
    assert load(f"version: tea-1\nlanguages: [en]\nfactors:\n{_TEA}").names == ["tea"]


@pytest.mark.parametrize(
    ("change", "what", "where"),
    [
        (("kind: count", "kind: counts"), "wrong kind", "factor tea, field kind"),
        (("kind: count", "kind: count\n    colour: x"), "unknown field colour", "field colour"),
        (("    theme: drinks\n", ""), "has no theme", "factor tea, field theme"),
        (("words: tea,", "patterns: ['(']\n    words: tea,"), "no regular", "field patterns"),
        (("words: tea,", "patterns: ['(?<=a)b']\n    words: tea,"), "no regular", "patterns"),
        (("words: tea,", "patterns: ['a*']\n    words: tea,"), "empty text", "field patterns"),
        (("words: tea,", "words: t*a, tea,"), "no word or phrase", "field words"),
        (("words: tea,", "words: c++, tea,"), "holds signs", "field words"),
        (("kind: count", "kind: cont"), "needs a measure", "factor tea"),
        (("kind: count", "kind: diff"), "nothing counts against", "factor tea"),
        (("kind: count", "kind: count\n    negators: not"), "need the kind", "factor tea"),
        (("kind: count", "kind: count\n    measure: words"), "beside it", "factor tea"),
        (("kind: count", "kind: count\n    when: {}"), "neither words nor", "field when"),
        (("  tea:", "  Tea!:"), "wrong name", "factor Tea!, field name"),
        (("more of tea", "less of tea"), "same words for both ends", "factor tea"),
        (("speaks more of tea", "is longer"), "same sentence", "own.yaml"),
        (("version: own-1\n", ""), "has no version", "field version"),
        (("version:", "colour: x\nversion:"), "unknown field colour", "field colour"),
        (("speaks less of tea.", "speaks less.\n  tea: {}"), "stands twice", "own.yaml:"),
        (("speaks less of tea.", "speaks less.\n  coffee:"), "has no fields", "factor coffee"),
        (("extends", "[extends"), "not good YAML", "own.yaml:"),
        (("kind:", "patterns: tea\n    kind:"), "it is no list", "field patterns"),
    ],
)
def test_what_is_wrong_is_named_by_file_factor_and_field(
    load: Callable[[str], Catalogue], change: tuple[str, str], what: str, where: str
) -> None:
    assert change[0] in _OWN
    with pytest.raises(RecipeError) as caught:
        load(_OWN.replace(*change))
    assert what in caught.value.what
    assert where in (caught.value.where or "")
    assert "own.yaml" in (caught.value.where or "")
    assert caught.value.fix


@pytest.mark.parametrize("text", ["", "- a\n", "factors: [a]\n", "\x00"])
def test_what_is_no_catalogue_is_refused(load: Callable[[str], Catalogue], text: str) -> None:
    with pytest.raises(RecipeError):
        load(text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be read"):
        load_catalogue(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    "change",
    [("extends: builtin-1", "extends: builtin-9"), ("factors:", "leave_out: teas\nfactors:")],
)
def test_unknown_names_are_told_with_those_that_there_are(
    load: Callable[[str], Catalogue], change: tuple[str, str]
) -> None:
    with pytest.raises(UnknownNameError, match="Known"):
        load(_OWN.replace(*change))
