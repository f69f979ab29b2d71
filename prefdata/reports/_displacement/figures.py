"""The figures of the report; all are drawn from counts, however many pairs there are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from prefdata.reports._displacement.numbers import ALL, Cut, axis, density, histogram
from prefdata.reports._page.figures import Drawn, draw
from prefdata.reports._page.texts import score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prefdata.reports._displacement.numbers import Axis
    from prefdata.reports._page.figures import Theme

__all__ = ["distribution_figure", "figures", "length_figure", "rank_figure", "refusal_figure"]

_UNIT = "in the model's own unit"
_LN_CHES = f"LN-CHES ({_UNIT})"
_MOST_SOURCES = 8
_FEW = 400
_LEAST_CELLS, _MOST_CELLS = 8, 60
_REFUSALS = (("both", "both refuse"), ("one", "one refuses"), ("none", "neither refuses"))
_FIFTH_NAMES = {1: "lowest fifth", 2: "2nd", 3: "middle", 4: "4th", 5: "highest fifth"}
_WIDE_ENOUGH = 0.08


def figures(ranked: pl.DataFrame, found: Sequence[Cut], by_fifth: pl.DataFrame) -> dict[str, Drawn]:
    """Draw all figures there is something for, by name.

    Args:
        ranked: Ranked pairs, the lowest LN-CHES first.
        found: Where a filter cut.
        by_fifth: Shares of refusals, from `refusals_by_fifth`.
    """
    if ranked.is_empty():
        return {}
    drawn = {
        "distribution": distribution_figure(ranked, found),
        "ranks": rank_figure(ranked),
        "length": length_figure(ranked),
    }
    if by_fifth.height:
        drawn["refusals"] = refusal_figure(by_fifth)
    return drawn


def distribution_figure(ranked: pl.DataFrame, found: Sequence[Cut]) -> Drawn:
    """Draw how LN-CHES is distributed, a panel for each source, with the cuts of a filter."""
    bins = 60 if ranked.height > _FEW else 24
    along = axis(ranked, "ln_ches", bins)
    sizes = ranked["source"].value_counts().sort("count", "source", descending=[True, False])
    named = sizes["source"].head(_MOST_SOURCES).to_list()
    counted = histogram(ranked, along, named)
    panels = sorted(named) + (["others"] if sizes.height > _MOST_SOURCES else [])
    lines = {cut.source: cut.kept for cut in found if cut.score == "ln_ches"}

    def paint(figure: Any, theme: Theme) -> None:
        from matplotlib.ticker import MaxNLocator

        places = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for place, source in zip(places, panels, strict=True):
            heights = _heights(counted.filter(source=source), along)
            place.stairs(heights, along.edges, fill=True, color=theme.series[0])
            place.grid(visible=False, axis="x")
            place.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
            if len(panels) > 1:
                place.set_title(source, loc="left", pad=3)
            line = lines.get(source, lines.get(ALL))
            if line is not None:
                label = f"kept up to {score(line)}"
                place.axvline(line, color=theme.series[1], linewidth=1.6, label=label)
                if source in lines or place is places[0]:
                    # Above the bars, which may reach any corner; the title is on the left.
                    place.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
        places[-1].set_xlabel(_LN_CHES)
        figure.supylabel("pairs", fontsize=9.5)

    return draw(paint, height=max(3.0, 0.9 + 1.05 * len(panels)))


def _heights(counted: pl.DataFrame, along: Axis) -> NDArray[np.int64]:
    inside = counted.drop_nulls("bin")
    heights = np.zeros(along.bins, dtype=np.int64)
    heights[inside["bin"].to_numpy()] = inside["pairs"].to_numpy()
    return heights


def rank_figure(ranked: pl.DataFrame) -> Drawn:
    """Draw where raw CHES ranks the pairs, against LN-CHES; a diagonal would be agreement."""
    n = ranked.height
    percent = 100 * (pl.int_range(pl.len()).cast(pl.Float64) + 0.5) / n
    ranks = ranked.with_columns(ln_rank=percent).sort("ches", "pair_id")
    ranks = ranks.with_columns(raw_rank=percent)
    cells = _n_cells(n)
    axes = [_percent_axis(ranks, name, cells) for name in ("ln_rank", "raw_rank")]
    counts = density(ranks, *axes)

    def paint(figure: Any, theme: Theme) -> None:
        place = figure.subplots()
        _cells(figure, place, axes, counts, theme)
        place.plot([0, 100], [0, 100], color=theme.series[1], linewidth=1.4, linestyle=(0, (4, 3)))
        place.set_xlabel("rank by LN-CHES (percentile)")
        place.set_ylabel("rank by raw CHES (percentile)")

    return draw(paint, height=3.9)


def _percent_axis(rows: pl.DataFrame, column: str, cells: int) -> Axis:
    found = axis(rows, column, cells)
    return type(found)(column, 0.0, 100.0, cells)


def length_figure(ranked: pl.DataFrame) -> Drawn:
    """Draw LN-CHES and raw CHES against how much longer the rejected response is."""
    known = ranked.drop_nulls("length_difference")
    cells = _n_cells(known.height)
    x = axis(known, "length_difference", cells)
    panels = [(axis(known, name, cells), name) for name in ("ln_ches", "ches")]
    counts = [density(known, x, y) for y, _ in panels]
    titles = {"ln_ches": "LN-CHES", "ches": "raw CHES"}

    def paint(figure: Any, theme: Theme) -> None:
        places = figure.subplots(2, 1, sharex=True)
        for place, (y, name), counted in zip(places, panels, counts, strict=True):
            _cells(figure, place, [x, y], counted, theme)
            place.axvline(0, color=theme.series[1], linewidth=1.4, linestyle=(0, (4, 3)))
            place.set_ylabel(titles[name])
            place.ticklabel_format(axis="y", style="sci", scilimits=(-3, 4), useMathText=False)
        places[-1].set_xlabel("rejected minus chosen response (tokens)")

    return draw(paint, height=5.0)


def _n_cells(n: int) -> int:
    """Return how many cells a side has: few pairs in many cells would show chance alone."""
    return min(max(round(math.sqrt(n) / 2), _LEAST_CELLS), _MOST_CELLS)


def _cells(
    figure: Any, place: Any, axes: Sequence[Axis], counts: NDArray[np.int64], theme: Theme
) -> None:
    """Draw the counts of cells, in a logarithmic scale; empty ones stay blank."""
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    shown = np.ma.masked_equal(counts, 0)
    most = max(int(counts.max()), 2)
    ramp = LinearSegmentedColormap.from_list("pairs", theme.ramp)
    mesh = place.pcolormesh(axes[0].edges, axes[1].edges, shown, cmap=ramp, norm=LogNorm(1, most))
    tens = [10**i for i in range(1, 9) if 10**i * 2 < most]
    bar = figure.colorbar(mesh, ax=place, label="pairs", pad=0.02, ticks=[1, *tens, most])
    bar.ax.minorticks_off()
    bar.ax.set_yticklabels([f"{tick:,}" for tick in (1, *tens, most)])
    bar.outline.set_visible(False)
    place.set_xlim(axes[0].low, axes[0].high)
    place.set_ylim(axes[1].low, axes[1].high)


def refusal_figure(by_fifth: pl.DataFrame) -> Drawn:
    """Draw for each fifth of LN-CHES of how many pairs both, one or none of the two refuse."""
    rows = by_fifth.sort("fifth").to_dicts()

    def paint(figure: Any, theme: Theme) -> None:
        place = figure.subplots()
        left = np.zeros(len(rows))
        inks = (theme.paper, theme.ink, theme.ink)
        for (key, label), color, ink in zip(_REFUSALS, _tones(theme), inks, strict=True):
            widths = np.array([100 * row[key] for row in rows])
            bars = place.barh(range(len(rows)), widths, left=left, color=color, label=label)
            texts = [f"{w:.0f} %" if w >= 100 * _WIDE_ENOUGH else "" for w in widths]
            place.bar_label(bars, texts, label_type="center", color=ink, fontsize=8.5)
            left += widths
        names = [f"{_FIFTH_NAMES[row['fifth']]}\n{row['pairs']:,} pairs" for row in rows]
        place.set_yticks(range(len(rows)), names)
        place.invert_yaxis()
        place.grid(visible=False, axis="y")
        place.set_xlim(0, 100)
        place.set_xlabel("share of the fifth (%)")
        figure.legend(loc="outside upper center", ncols=3)

    return draw(paint, height=3.6)


def _tones(theme: Theme) -> tuple[str, str, str]:
    return theme.series[0], theme.series[1], theme.series[2]
