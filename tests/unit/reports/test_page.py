"""Parts of all pages: nothing is loaded or run, texts are cut, and figures repeat to the byte."""

from __future__ import annotations

import builtins
import io
import re
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import MissingExtraError
from prefdata.reports._page.figures import DARK, LIGHT, Theme, draw
from prefdata.reports._page.render import render
from prefdata.reports._page.tables import Column, plain_table, table
from prefdata.reports._page.texts import count, ending, opening, score, share

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@given(st.text(max_size=60), st.integers(1, 20), st.integers(20, 40))
def test_the_parts_of_an_excerpt_are_the_text(text: str, shown: int, most: int) -> None:
    plain = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    start, end = opening(text, shown=shown, most=most), ending(text, shown=shown, most=most)
    assert start.shown + start.more == plain[:most]
    assert end.more + end.shown == plain[-most:]
    assert len(start.shown) <= shown
    assert len(end.shown) <= shown
    for part in (start, end):
        assert len(part.shown) + part.n_more + part.n_left_out == len(text)


def test_numbers_are_written_as_people_read_them() -> None:
    assert (count(1234567), count(-12), count(None)) == ("1,234,567", "−12", "–")
    assert (score(-0.000123456), score(-211983.4), score(None)) == ("−0.0001235", "−211,983", "–")
    assert (score(3.4e12), score(0.0)) == ("3.4e+12", "0")
    assert (share(0.0481), share(None)) == ("4.8 %", "–")


def test_a_table_as_text_stands_in_columns_and_is_no_wider_than_asked() -> None:
    columns = [Column("a", "name", "text"), Column("b", "pairs", "count")]
    shown = table(columns, [{"a": "x", "b": 1200}, {"a": None, "b": 7}])
    assert plain_table(shown) == ["name  pairs", "x     1,200", "–         7"]
    assert all(len(line) <= 8 for line in plain_table(shown, width=8))


def _page(tmp_path: Path, body: str, **values: Any) -> str:
    template = tmp_path / "page.html.j2"
    template.write_text(
        '{% extends "skeleton.html.j2" %}{% import "parts.html.j2" as parts %}'
        f"{{% block main %}}{body}{{% endblock %}}"
    )
    return render(template, {"title": "A <b>title", **values})


def test_a_page_loads_and_runs_nothing(tmp_path: Path) -> None:
    text = _page(tmp_path, "hello")
    assert "default-src 'none'" in text
    assert "<script" not in text
    assert not re.search(r"(?:src|href|url)\s*[=(]\s*[\"']?(?!data:)[\w/]", text)
    assert "<title>A &lt;b&gt;title</title>" in text


def test_texts_are_escaped_wherever_they_stand(tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>\"'&"
    shown = table([Column("a", evil, "text")], [{"a": evil}])
    body = "{{ parts.text(excerpt) }}{{ parts.table(shown) }}"
    text = _page(tmp_path, body, excerpt=opening(evil, shown=9), shown=shown)
    assert "<img" not in text
    assert text.count("&lt;img") == 3


def test_a_long_text_can_be_unfolded_and_says_what_is_left_out(tmp_path: Path) -> None:
    long = "a" * 50 + "b" * 50 + "c" * 1000
    body = "{{ parts.text(first) }}|{{ parts.text(last) }}"
    first, last = opening(long, shown=50, most=100), ending(long[::-1], shown=50, most=100)
    start, _, end = _page(tmp_path, body, first=first, last=last).partition("|")
    assert f"{'a' * 50}…</div>" in start
    assert "50 characters more; 1,000 others left out" in start
    assert f"…{'a' * 50}</div>" in end
    assert "50 characters before; 1,000 others left out" in end


def test_an_empty_text_says_so(tmp_path: Path) -> None:
    assert "empty" in _page(tmp_path, "{{ parts.text(excerpt) }}", excerpt=opening(""))


def test_a_variable_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="nobody"):
        _page(tmp_path, "{{ nobody }}")


def _paint(figure: Any, theme: Theme) -> None:
    place = figure.subplots()
    place.plot([1, 2], [3, 1])
    place.set_title("costs $5 and $6")


def test_a_figure_comes_light_and_dark_and_the_same_each_time() -> None:
    drawn = draw(_paint, width=2, height=1.5)
    assert drawn.light.startswith(b"\x89PNG")
    assert drawn.light != drawn.dark
    assert drawn == draw(_paint, width=2, height=1.5)
    assert (drawn.width, drawn.height) == (192, 144)
    assert b"matplotlib" not in drawn.light.lower()


def test_settings_of_the_user_do_not_reach_a_figure() -> None:
    plain = draw(_paint, width=2, height=1.5)
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        assert draw(_paint, width=2, height=1.5) == plain
        assert mpl.rcParams["font.size"] == 30


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_letters_and_series_stand_out_from_the_paper(theme: Theme) -> None:
    paper = _luminance(theme.paper)
    # Ratios of the W3C: 4.5 for text, 3 for what a reader must tell in a figure.
    assert _contrast(_luminance(theme.ink), paper) > 4.5
    assert all(_contrast(_luminance(color), paper) > 3 for color in theme.series[:2])


def _luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize("library", ["jinja2", "matplotlib"])
def test_a_library_that_is_not_installed_is_named_with_its_extra(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == library:
            raise ModuleNotFoundError(name=library)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    make = (lambda: _page(tmp_path, "")) if library == "jinja2" else (lambda: draw(_paint))
    with pytest.raises(MissingExtraError, match="report"):
        make()


def test_a_figure_stands_in_the_page_itself(tmp_path: Path) -> None:
    drawn = draw(_paint, width=2, height=1.5)
    body = "{% call parts.figure(drawn, 'what it <shows>') %}below{% endcall %}"
    text = _page(tmp_path, body, drawn=drawn)
    assert text.count("data:image/png;base64,") == 2
    assert 'alt="what it &lt;shows&gt;"' in text
    assert "<figcaption>below</figcaption>" in text
    assert io.BytesIO(drawn.light).read(4) == b"\x89PNG"
