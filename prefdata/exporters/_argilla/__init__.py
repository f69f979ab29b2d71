"""Parts of the exporter `argilla`: the settings of a data set, and its records."""

from __future__ import annotations

__all__: list[str] = []
