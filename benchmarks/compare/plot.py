"""The results as a picture: bars on a logarithmic scale, where prefdata is 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.compare.measured import Measured

__all__ = ["plot"]

_COLOURS = {"ours": "#1b5e9e", "peer": "#c4652b", "naive": "#8c7a3d", "limit": "#9aa0a6"}
_LABELS = {"ours": "prefdata", "peer": "peers", "naive": "loop in Python", "limit": "the machine"}
_COLUMNS = 2
_LEAST = 1e-5


def plot(results: Mapping[str, Measured], path: Path) -> None:
    """Draw a panel of bars for each comparison.

    Args:
        results: Comparisons by name.
        path: A PNG file.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    n_rows = math.ceil(len(results) / _COLUMNS)
    figure = Figure(figsize=(12.5, 2.35 * n_rows + 0.8), dpi=110, layout="constrained")
    places = figure.subplots(n_rows, _COLUMNS, squeeze=False).flatten()
    for place, measured in zip(places, results.values(), strict=False):
        _panel(place, measured)
    for place in places[len(results) :]:
        place.axis("off")
    handles = [Patch(color=_COLOURS[kind], label=label) for kind, label in _LABELS.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
    figure.suptitle("CPU of a row as a multiple of prefdata's (logarithmic; longer is slower)")
    figure.savefig(path, metadata={"Software": None})


def _panel(place: Any, measured: Measured) -> None:
    found = measured.found[::-1]
    times = [max(one.times, _LEAST) for one in found]
    lowest, highest = min(*times, 0.5), max(*times, 2.0)
    left = lowest / 2
    widths = [value - left for value in times]
    place.barh(range(len(found)), widths, left=left, color=[_COLOURS[one.kind] for one in found])
    place.set_xscale("log")
    place.set_xlim(left, highest * 6)
    place.axvline(1.0, color="#1b5e9e", linewidth=1, linestyle=":")
    place.set_yticks(range(len(found)), [one.name for one in found], fontsize=8)
    for at, value in enumerate(times):
        text = f"{value:,.0f}" if value >= 100 else f"{value:.2g}"  # noqa: PLR2004
        place.text(value * 1.1, at, text, va="center", fontsize=8)
    place.set_title(f"{measured.title}, {measured.found[0].rows:,} rows", fontsize=9, loc="left")
    place.tick_params(axis="x", labelsize=7)
    place.spines[["top", "right"]].set_visible(False)
