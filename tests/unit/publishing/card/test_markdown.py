"""Whatever a dataset says stays text: in a cell, in a list, in a fence, in a code span."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from prefdata.publishing.card.markdown import (
    bullets,
    code,
    fenced,
    inline,
    link,
    number,
    prose,
    quoted,
    table,
)
from prefdata.testing.publication import AWKWARD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

__all__: list[str] = []

_READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_TEXTS = st.text(
    st.one_of(st.sampled_from("|`*_[]()<>&#~$\\!-+=.:\"' \n\t1aé"), st.characters(codec="utf-8")),
    max_size=30,
)


def _words(text: str) -> str:
    """Return what of a text is to be seen."""
    hidden = {*range(9), *range(14, 32), *range(127, 160), *range(0x202A, 0x202F)}
    hidden |= {*range(0x2066, 0x206A), 0xFEFF}
    return " ".join("".join(" " if ord(one) in hidden else one for one in text).split())


def _cells(markdown: str) -> list[str]:
    """Return the text of each cell of the body of the only table."""
    tokens = _READER.parse(markdown)
    assert [token.type for token in tokens].count("table_open") == 1
    return [_shown(tokens[at + 1]) for at, token in enumerate(tokens) if token.type == "td_open"]


def _shown(token: Token) -> str:
    """Return the text of an inline token, which must hold nothing but text and code."""
    parts: Sequence[Token] = token.children or ()
    assert {part.type for part in parts} <= {"text", "code_inline", "text_special"}
    return "".join(part.content for part in parts)


@settings(max_examples=60)
@given(_TEXTS, _TEXTS)
@example(AWKWARD, "1.")
@example("- [x] a", "snake_case _em_ __strong__ a_ _b")
def test_text_in_a_cell_is_shown_as_it_is(first: str, second: str) -> None:
    markdown = table(("a", "b"), [(inline(first), inline(second)), ("x", "y")])
    assert _cells(markdown) == [_words(first), _words(second), "x", "y"]


@settings(max_examples=60)
@given(_TEXTS)
@example("1) a")
@example("# a")
@example("-")
def test_text_in_a_list_begins_nothing_else(text: str) -> None:
    tokens = _READER.parse(bullets((inline(text) or "empty", "last")))
    assert [token.type for token in tokens].count("bullet_list_open") == 1
    shown = [_shown(token) for token in tokens if token.type == "inline"]
    assert shown == [_words(text) or "empty", "last"]


@given(_TEXTS.filter(lambda text: "|" not in text and _words(text) != ""))
@example("`a``b`")
def test_a_code_span_holds_any_text(text: str) -> None:
    assert _cells(table(("a",), [(code(text),)])) == [_words(text)]


def test_a_code_span_with_a_bar_stays_one_cell() -> None:
    html = _READER.render(table(("a",), [(code("string | null"),)]))
    assert "<td><code>string | null</code></td>" in html


@given(_TEXTS)
def test_nothing_closes_a_fence(text: str) -> None:
    tokens = _READER.parse(fenced(text, "bibtex"))
    assert [token.type for token in tokens] == ["fence"]


def test_only_addresses_of_the_web_become_links() -> None:
    assert link("a", "https://example.org/x") == "[a](https://example.org/x)"
    assert link("a", "https://example.org/x_(y)") == "[a](<https://example.org/x_(y)>)"
    for address in ("javascript:alert(1)", "https://a b", "https://a>b", None):
        assert link("[a]", address) == "\\[a\\]"


def test_numbers_have_commas() -> None:
    assert [number(12), number(1234567)] == ["12", "1,234,567"]


def test_prose_keeps_markdown_but_no_marks() -> None:
    assert prose(" **a** <!-- prefdata:end --> ") == "**a** &lt;!-- prefdata:end -->"
    assert prose(" ", otherwise="Nothing.") == "Nothing."
    assert quoted("a\n\nb") == "> a\n>\n> b"


def test_a_table_needs_a_cell_for_each_column() -> None:
    html = _READER.render(table(("a", "n"), [("x", "1")], numbers=("n",)))
    assert '<td style="text-align:right">1</td>' in html


@pytest.mark.parametrize("text", ["1.2.3", "10.57967/hf/2113"])
def test_versions_are_not_escaped(text: str) -> None:
    assert inline(text) == text
