from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from prefdata.core.errors import UserError
from prefdata.quality import CheckResult, Validation
from prefdata.quality.pages import About, build_pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__: list[str] = []

_ABOUT = About("/workspace", "0123456789ab", 3, "2026-01-01T00:00:00", ("v1",), 100)
_LOADED = re.compile(r"<(?:link|script|img|iframe)\b[^>]*\b(?:src|href)=[^>]*>", re.IGNORECASE)
_LINK = re.compile(r'<a\b[^>]*\bhref="([^"#]+)"')


def _validation(docs: Path, *, example: str = "toy:p0") -> Validation:
    result = CheckResult(
        "prompts", None, "turn is at least 0", "min:turn", False, "1 of 4 rows", 1, 0.25, (example,)
    )
    return Validation([result], 0.1, docs / "index.html", {"prompts": 4, "pairs": 0})


def _pages(validation: Validation) -> Iterator[tuple[Path, str]]:
    for page in validation.docs.parent.rglob("*.html"):
        yield page, page.read_text(encoding="utf-8")


def test_no_page_loads_anything(corrupt_validation: Validation) -> None:
    pages = list(_pages(corrupt_validation))
    assert len(pages) > 5
    for page, text in pages:
        assert not _LOADED.findall(text), page
        assert "url(" not in text
        assert "default-src 'none'" in text
    files = [path for path in corrupt_validation.docs.parent.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".html"}


def test_every_link_leads_to_a_page(corrupt_validation: Validation) -> None:
    for page, text in _pages(corrupt_validation):
        for link in _LINK.findall(text):
            target = page.parent / re.sub("%20", " ", link)
            assert target.is_file(), (page, link)


def test_values_of_the_data_are_text_on_every_page(corrupt_validation: Validation) -> None:
    texts = [text for _, text in _pages(corrupt_validation)]
    assert not [text for text in texts if "<script>robot" in text]
    shown = [text for text in texts if "&lt;script&gt;robot&lt;/script&gt;" in text]
    assert len(shown) == 2, "the overview, and the results of the table"


def test_the_overview_tells_what_failed_where_and_why(corrupt_validation: Validation) -> None:
    text = corrupt_validation.docs.read_text(encoding="utf-8")
    for result in corrupt_validation.results:
        if result.is_passed is False:
            assert f"<h3>{result.table} <code>{result.rule}</code></h3>" in text
    assert "toy:p1/a (toy:nowhere)" in text
    (without,) = re.findall(r"Without rows, so without checks: ([^<]*)", text)
    assert "conversations" in without


def test_pages_take_the_place_of_older_ones(tmp_path: Path) -> None:
    docs = tmp_path / "new" / "docs"
    for example in ("toy:older", "toy:newer"):
        with build_pages(docs) as pages:
            pages.finish(_validation(docs, example=example), _ABOUT)
    text = (docs / "index.html").read_text(encoding="utf-8")
    assert "toy:newer" in text
    assert "toy:older" not in text
    assert "Up to 100 rows" in text
    assert [path.name for path in docs.parent.iterdir()] == ["docs"]


def test_an_error_leaves_the_older_pages(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    with build_pages(docs) as pages:
        pages.finish(_validation(docs), _ABOUT)
    before = (docs / "index.html").read_bytes()
    with pytest.raises(ZeroDivisionError), build_pages(docs):
        _ = 1 / 0
    assert (docs / "index.html").read_bytes() == before
    assert list(tmp_path.iterdir()) == [docs]


@pytest.mark.parametrize("name", ["index.html", "thesis.txt"])
def test_a_folder_that_holds_something_else_is_left_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(UserError, match="holds something else"), build_pages(tmp_path):
        pass
    assert (tmp_path / name).read_text() == "mine"
