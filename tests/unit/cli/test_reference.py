"""The reference pages are made from the code, and are up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, get_args

import pytest
from pydantic import Field

from prefdata.cli._reference import reference_pages
from prefdata.cli._reference.fields import field_table, type_words
from prefdata.cli._reference.prose import body
from prefdata.protocols import EmbedderParams, Kind, NoParams, Params
from prefdata.registry import names

__all__: list[str] = []

_FOLDER = Path(__file__).parents[3] / "docs" / "reference"


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return reference_pages()


def test_the_pages_are_what_the_code_says_now(pages: dict[str, str]) -> None:
    stale = [
        name for name, text in pages.items() if (_FOLDER / name).read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run: python -m prefdata.cli._reference docs/reference"


@pytest.mark.parametrize("kind", sorted({*get_args(Kind)} - {"stage"}))
def test_every_plugin_stands_there(pages: dict[str, str], kind: Kind) -> None:
    lines = pages["plugins.md"].splitlines()
    assert [name for name in names(kind) if f"### {name}" not in lines] == []


def test_every_stage_stands_there(pages: dict[str, str]) -> None:
    lines = pages["stages.md"].splitlines()
    assert [name for name in names("stage") if f"## {name}" not in lines] == []


class Inner(Params):
    """Inside another."""

    price: float = Field(default=1.5, gt=0, description="What it | costs.")


class Outer(Params):
    """For the tests."""

    name: str = Field(description="A name.")
    rule: Literal["a", "b"] | None = Field(default=None, description="A rule.")
    inner: Inner = Field(default_factory=Inner, description="Keys.")
    model: EmbedderParams = Field(default_factory=EmbedderParams, description="A model.")
    names: tuple[str, ...] = Field(default=(), max_length=3, description="Names.")


def test_a_table_has_a_row_for_each_key_and_those_inside() -> None:
    lines = field_table(Outer, linked={EmbedderParams: "#embedders"})
    assert lines[2:] == [
        "| `name` | text | **needed** | A name. |",
        "| `rule` | `a`, `b` or null | `null` | A rule. |",
        "| `inner` | keys below | its own | Keys. |",
        "| `inner.price` | number, above 0 | `1.5` | What it \\| costs. |",
        "| `model` | [keys](#embedders) | its own | A model. |",
        "| `names` | list of text, length at most 3 | `[]` | Names. |",
    ]


def test_no_parameters_are_said_in_words() -> None:
    assert field_table(NoParams) == ["It takes no parameters."]


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (dict[str, int], "mapping of text to integer"),
        (tuple[int, ...], "list of integer"),
        (tuple[int, str], "list: integer, text"),
        (Annotated[bool, Field()], "true or false"),
        (Path, "path"),
    ],
)
def test_types_are_said_in_words(annotation: object, words: str) -> None:
    assert type_words(annotation) == words


def test_a_docstring_becomes_markdown_without_its_arguments() -> None:
    doc = """First line.

    Text, as in::

        code

    Args:
        tables: What is read.

    Raises:
        DataError: If it is
            wrong.

    References:
        Somebody (2026).
    """
    assert body(doc) == (
        "Text, as in:\n\n    code\n\n**Raises**\n\n- `DataError`: If it is\n  wrong.\n\n"
        "**References**\n\nSomebody (2026)."
    )
