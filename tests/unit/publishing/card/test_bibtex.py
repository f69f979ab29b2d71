"""Entries are read whole or not at all; accents become letters, and names become people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.publishing.card.bibtex import Name, plain, read_bibtex, split_names

__all__: list[str] = []

_WORDS = st.text(st.sampled_from("aÉz09 -{}"), max_size=12).filter(
    lambda text: text.count("{") == text.count("}") and "}" not in text.partition("{")[0]
)


def _is_balanced(text: str) -> bool:
    depth = 0
    for letter in text:
        depth += (letter == "{") - (letter == "}")
        if depth < 0:
            return False
    return depth == 0


def test_an_entry_is_read() -> None:
    (entry,) = read_bibtex(
        '@InProceedings{a:b-1, Title = {The {PRISM} of R{\\"o}ttger}, year = 2024,\n'
        '  month = jan, note = "a {"}quoted{"} word", }\n'
    )
    assert (entry.type, entry.key) == ("inproceedings", "a:b-1")
    assert entry.text("title") == "The PRISM of Röttger"
    assert dict(entry.fields) | {"title": ""} == {
        "title": "",
        "year": "2024",
        "month": "jan",
        "note": 'a {"}quoted{"} word',
    }
    assert entry.text("doi") is None


@given(st.dictionaries(st.sampled_from(["title", "note", "year"]), _WORDS.filter(_is_balanced)))
def test_fields_come_back(fields: dict[str, str]) -> None:
    listed = ", ".join(f"{name} = {{{value}}}" for name, value in fields.items())
    (entry,) = read_bibtex(f"@misc{{key{',' if listed else ''} {listed}}}")
    assert dict(entry.fields) == fields


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Doe (2020). A title.", "no entry begins at 'Doe"),
        ("@article{a, title = {x}", "lacks a comma or its end"),
        ("@article{a, title = {x} year = 1}", "lacks a comma or its end"),
        ("@article{a, title = {x}, title = {y}}", "gives 'title' twice"),
        ("@misc{a, title = {x}} @misc{a, title = {y}}", "comes twice"),
        ("@misc{a, title = macro}", "cannot be read"),
        ("@misc{a, title = {x{y}", "cannot be read"),
        ('@misc{a, title = "x}"}', "cannot be read"),
        ("@misc{a, , }", "has no field"),
        ('@string{a = "b"}', "no entry begins"),
    ],
)
def test_a_broken_entry_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_bibtex(text)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"R{\"o}ttger, \'E. {\v S}im\r{a}k", "Röttger, É. Šimåk"),
        (r"\c{c} \c c \o{}re {\ss} \'{\i}", "ç ç øre ß í"),
        (r"A \& B, 5\,\%"[:6] + r", 5\% 1--2 ``x''", "A & B, 5% 1–2 “x”"),
        ("a~b  {C}", "a b C"),
    ],
)
def test_accents_become_letters(written: str, meant: str) -> None:
    assert plain(written) == meant


def test_an_unknown_command_is_an_error() -> None:
    with pytest.raises(ValueError, match="not known"):
        plain(r"\textbf{x}")
    with pytest.raises(ValueError, match="not known"):
        plain("a \\, b")


def test_names_are_people_or_bodies() -> None:
    field = "Kirk, Hannah Rose and Ludwig van der Rohe and {Open AI and Friends} and others"
    assert split_names(field) == (
        Name("Kirk", "Hannah Rose"),
        Name("van der Rohe", "Ludwig"),
        Name("Open AI and Friends", is_person=False),
        Name("others", is_person=False),
    )
    assert split_names(r"{\'E}mile {Z}ola and Plato") == (Name("Zola", "Émile"), Name("Plato"))
