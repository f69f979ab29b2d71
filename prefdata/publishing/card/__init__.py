"""The page of a published dataset, its citation, and what machines read of it."""

from __future__ import annotations

from prefdata.publishing.card.checksums import checksums_text
from prefdata.publishing.card.citation import citation_text
from prefdata.publishing.card.croissant import croissant
from prefdata.publishing.card.page import card_text
from prefdata.publishing.card.provenance import provenance_lines

__all__ = [
    "card_text",
    "checksums_text",
    "citation_text",
    "croissant",
    "provenance_lines",
]
