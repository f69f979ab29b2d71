"""The figures of the report: strengths of principles, and differences between groups."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.reports._constitution.numbers import PREFIX, by_strength, differences
from prefdata.reports._page.figures import Drawn, draw

if TYPE_CHECKING:
    import polars as pl

    from prefdata.reports._constitution.params import ConstitutionReport
    from prefdata.reports._constitution.read import Measured
    from prefdata.reports._page.figures import Theme

__all__ = ["difference_figure", "figures", "strength_figure"]

_ROW = 0.27
_LONG = 58


def figures(measured: Measured, params: ConstitutionReport) -> dict[str, Drawn]:
    """Draw all figures there is something for, by name."""
    drawn = {}
    for number, source in enumerate(measured.sources, start=1):
        strengths = by_strength(measured.overall.filter(source=source)).head(params.principles)
        if strengths.height:
            chosen = measured.constitutions.filter(source=source, group_by="all")
            drawn[f"strengths-{number}"] = strength_figure(
                strengths, set(chosen["principle_id"].to_list())
            )
        wide = differences(measured, source).filter("is_found").head(params.contrasts)
        if wide.height:
            drawn[f"differences-{number}"] = difference_figure(wide)
    return drawn


def strength_figure(rows: pl.DataFrame, chosen: set[str]) -> Drawn:
    """Draw the strength of each principle with its interval.

    Principles of the constitution have one colour, others that are found another, and those that
    chance may have made are hollow.

    Args:
        rows: As `by_strength` returns them.
        chosen: Principles of the constitution.
    """
    ordered = rows.sort("strength", "principle_id")
    kinds = [
        "in the constitution" if row in chosen else "found" if is_found else "may be chance"
        for row, is_found in ordered.select("principle_id", "is_found").iter_rows()
    ]
    names = [_short(sentence) for sentence in ordered["sentence"]]

    def paint(figure: Any, theme: Theme) -> None:
        colors = dict(
            zip(("in the constitution", "found", "may be chance"), theme.series, strict=False)
        )
        _forest(figure, theme, ordered, "strength", ("strength_low", "strength_high"))
        place = figure.axes[0]
        _points(place, ordered["strength"].to_numpy(), kinds, colors, theme)
        _axis(place, names, "strength: (agree − disagree) / labels", theme)

    return draw(paint, width=8.6, height=1.3 + _ROW * ordered.height)


def difference_figure(rows: pl.DataFrame) -> Drawn:
    """Draw the difference of each group from what it is compared with, with its interval.

    Args:
        rows: As `differences` returns them.
    """
    ordered = rows.reverse()
    names = [
        f"{group} – {_short(sentence)}"
        for group, sentence in ordered.select("group_value", "sentence").iter_rows()
    ]
    kinds = [f"by {name}" for name in ordered["group_by"]]

    def paint(figure: Any, theme: Theme) -> None:
        ways = sorted(set(kinds))
        colors = {way: theme.series[place % len(theme.series)] for place, way in enumerate(ways)}
        _forest(figure, theme, ordered, "difference", ("low", "high"))
        place = figure.axes[0]
        _points(place, ordered["difference"].to_numpy(), kinds, colors, theme)
        _axis(place, names, "difference of strengths", theme)

    return draw(paint, width=8.6, height=1.3 + _ROW * ordered.height)


def _forest(
    figure: Any, theme: Theme, rows: pl.DataFrame, value: str, ends: tuple[str, str]
) -> None:
    place = figure.subplots()
    low, high = (rows[end].fill_null(rows[value]).to_numpy() for end in ends)
    place.hlines(np.arange(rows.height), low, high, color=theme.quiet, lw=1.2)


def _points(
    place: Any, values: Any, kinds: list[str], colors: dict[str, str], theme: Theme
) -> None:
    for kind, color in colors.items():
        at = [row for row, found in enumerate(kinds) if found == kind]
        if not at:
            continue
        face = theme.paper if kind == "may be chance" else color
        edge = theme.quiet if kind == "may be chance" else color
        place.plot(values[at], at, "o", ms=5.5, mfc=face, mec=edge, label=kind, zorder=3)


def _axis(place: Any, names: list[str], title: str, theme: Theme) -> None:
    place.axvline(0, color=theme.ink, lw=0.9)
    place.set_yticks(range(len(names)), names)
    place.set_ylim(-0.7, len(names) - 0.3)
    place.grid(visible=False, axis="y")
    place.set_xlabel(title)
    place.figure.legend(loc="outside upper right", ncols=4)


def _short(sentence: str) -> str:
    """Return a sentence as the label of an axis."""
    said = sentence.removeprefix(PREFIX).rstrip(".")
    return textwrap.shorten(said, _LONG, placeholder="…")
