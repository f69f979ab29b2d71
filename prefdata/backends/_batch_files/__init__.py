"""Requests and answers in files that the user sends and brings back."""

from __future__ import annotations

__all__: list[str] = []
