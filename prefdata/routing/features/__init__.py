"""What is known of a comparison before anybody judges it: the features and tags of HyPER."""

from __future__ import annotations

__all__: list[str] = []
