"""The result as a picture: what became of the chosen responses, by fifth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.displacement.results import NAMES
from benchmarks.displacement.runs import FIFTHS, LEVELS, RANDOM
from benchmarks.displacement.scores import MATCHED
from benchmarks.displacement.sizes import LOSSES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["plot"]

_COLOURS = {
    "ches": "#1b5e9e",
    "ln_ches": "#c4652b",
    MATCHED: "#b03a48",
    "last_dot": "#5b8c4a",
    "edit_similarity": "#8a5fa8",
    "length_difference": "#8c7a3d",
}
_CHES = ("ches", "ln_ches")
_PANELS = (("chosen", "sum over tokens"), ("chosen_per_token", "per token"))


def plot(results: Mapping[str, Any], path: Path) -> None:
    """Draw the change of ln pi(chosen) by fifth: both losses, and the competing predictors.

    Args:
        results: What `results.gather` returned.
        path: A PNG file.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6.4), dpi=110, layout="constrained")
    places = figure.subplots(2, 3, sharey="row")
    for row, (measure, unit) in enumerate(_PANELS):
        for column, loss in enumerate(LOSSES):
            _panel(places[row, column], results, loss, measure, _CHES)
        others = tuple(name for name in FIFTHS if name not in _CHES)
        _panel(places[row, 2], results, "dpo", measure, others)
        places[row, 0].set_ylabel(f"change of ln π(chosen), nats\n({unit})")
    for column, title in enumerate(("DPO, by CHES", "IPO, by CHES", "DPO, by what competes")):
        places[0, column].set_title(title)
        places[1, column].set_xlabel("fifth of the pairs, lowest score first")
    places[0, 0].legend(fontsize=8, frameon=False)
    places[0, 2].legend(fontsize=8, frameon=False)
    figure.savefig(path)


def _panel(
    place: Any, results: Mapping[str, Any], loss: str, measure: str, predictors: tuple[str, ...]
) -> None:
    """Draw means with standard deviations, over the band of the random pairs."""
    found = [one for one in results["cells"] if one["loss"] == loss]
    for one in found:
        if one["predictor"] == RANDOM:
            mean, spread = one[measure], one[f"{measure}_sd"] or 0.0
            place.axhspan(mean - spread, mean + spread, color="#b8bcc2", alpha=0.5, linewidth=0)
            place.axhline(mean, color="#6b7178", linewidth=1, label="random pairs")
    for predictor in predictors:
        cells = {one["level"]: one for one in found if one["predictor"] == predictor}
        levels = [level for level in LEVELS if level in cells]
        place.errorbar(
            [list(LEVELS).index(level) for level in levels],
            [cells[level][measure] for level in levels],
            yerr=[cells[level][f"{measure}_sd"] or 0.0 for level in levels],
            color=_COLOURS[predictor],
            linewidth=1.8,
            marker="o",
            markersize=5,
            capsize=3,
            label=NAMES[predictor],
        )
    place.axhline(0, color="#333333", linewidth=0.8, linestyle=":")
    place.set_xticks(range(len(LEVELS)), list(LEVELS))
    place.set_xlim(-0.4, len(LEVELS) - 0.6)
    place.spines[["top", "right"]].set_visible(False)
