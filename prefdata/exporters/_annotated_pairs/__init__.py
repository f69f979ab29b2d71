"""Parts of the exporter `annotated-pairs`: comparisons as text, and the two files made of them."""

from __future__ import annotations

__all__: list[str] = []
