"""Raw files on this machine: from the pins of a source card, a folder, the hub or a web address."""

from __future__ import annotations

from prefdata.fetch.cards import SourceCard, card, card_names
from prefdata.fetch.locate import fetch
from prefdata.fetch.summaries import source_summaries

__all__ = ["SourceCard", "card", "card_names", "fetch", "source_summaries"]
