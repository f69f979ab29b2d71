"""Figures as PNG, in a light and a dark dress; equal data gives equal bytes."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DARK", "LIGHT", "Drawn", "Theme", "draw"]

_DPI = 200


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of a figure; series colours are Okabe and Ito's, which colour-blind readers tell."""

    ink: str
    quiet: str
    grid: str
    paper: str
    series: tuple[str, ...]
    ramp: tuple[str, str]
    """Colours of the least and of the greatest density: one hue, so that lightness tells."""


LIGHT = Theme(
    ink="#1d2630",
    quiet="#5d6b7a",
    grid="#dde3ea",
    paper="#ffffff",
    series=("#0072b2", "#d55e00", "#a9b4c0", "#009e73", "#cc79a7"),
    ramp=("#cfe3f2", "#062f5c"),
)
DARK = Theme(
    ink="#e3e8ee",
    quiet="#9aa7b5",
    grid="#333d48",
    paper="#171c22",
    series=("#56b4e9", "#e69f00", "#5d6b7a", "#2fc79a", "#e2a3c7"),
    ramp=("#24486b", "#e0f1ff"),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One figure as PNG files."""

    light: bytes
    dark: bytes
    width: int
    """Width in CSS pixels at which letters have the size of the page's."""
    height: int


def draw(paint: Callable[[Any, Theme], None], *, width: float = 5.2, height: float = 3.4) -> Drawn:
    """Draw one figure in both dresses.

    Args:
        paint: Draws into a matplotlib ``Figure`` with the colours of a theme.
        width: In inches of 96 CSS pixels.
        height: In inches.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    light, dark = (_png(paint, theme, width, height) for theme in (LIGHT, DARK))
    return Drawn(light, dark, round(96 * width), round(96 * height))


def _png(paint: Callable[[Any, Theme], None], theme: Theme, width: float, height: float) -> bytes:
    try:
        from matplotlib import style
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.image import imsave
    except ModuleNotFoundError as error:
        raise MissingExtraError("A report", extra="report") from error
    buffer = io.BytesIO()
    # Settings of the user and of the machine must not reach the bytes; nor does the version.
    with style.context(["default", _settings(theme)]):
        figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
        canvas: Any = FigureCanvasAgg(figure)
        paint(figure, theme)
        # `savefig` would draw twice.
        canvas.draw()
        no_version: dict[str, Any] = {"Software": None}
        imsave(buffer, canvas.buffer_rgba(), format="png", dpi=_DPI, metadata=no_version)
    return buffer.getvalue()


def _settings(theme: Theme) -> dict[str, Any]:
    from matplotlib.rcsetup import cycler

    return {
        "axes.axisbelow": True,
        "axes.edgecolor": theme.quiet,
        "axes.facecolor": theme.paper,
        "axes.grid": True,
        "axes.labelcolor": theme.ink,
        "axes.prop_cycle": cycler(color=theme.series),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlesize": 10,
        "axes.titlecolor": theme.ink,
        "axes.unicode_minus": True,
        "figure.facecolor": theme.paper,
        "font.family": "DejaVu Sans",
        "font.size": 9.5,
        "grid.color": theme.grid,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "text.color": theme.ink,
        "text.parse_math": False,
        "xtick.color": theme.quiet,
        "xtick.labelcolor": theme.ink,
        "ytick.color": theme.quiet,
        "ytick.labelcolor": theme.ink,
    }
