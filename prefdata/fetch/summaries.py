"""One line for each dataset that can be ingested."""

from __future__ import annotations

from typing import Any

from prefdata.fetch.cards import card, card_names
from prefdata.registry import names

__all__ = ["source_summaries"]


def source_summaries() -> list[dict[str, Any]]:
    """Return name, title, licence and hub repository of every adapter, sorted by name.

    An adapter of another package may have no card; then only its name is known.
    """
    with_card = set(card_names())
    found: list[dict[str, Any]] = []
    for name in names("source"):
        if name not in with_card:
            found.append({"source": name, "what": "(no card)", "license": None, "hub": None})
            continue
        known = card(name)
        licenses = sorted({known.licenses.prompts, known.licenses.responses})
        found.append(
            {
                "source": name,
                "what": known.title,
                "license": " + ".join(licenses),
                "hub": known.hub.repo if known.hub else None,
            }
        )
    return found
