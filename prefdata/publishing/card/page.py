"""README.md: the page that people read, and the front matter that the hub reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.publishing.card.duties import (
    citation_part,
    contact_part,
    licence_part,
    uses_part,
    versions_part,
)
from prefdata.publishing.card.front import front_matter
from prefdata.publishing.card.markdown import inline
from prefdata.publishing.card.merge import merged
from prefdata.publishing.card.origins import (
    decontamination_part,
    generators_part,
    sources_part,
    steps_part,
)
from prefdata.publishing.card.people import annotators_part, personal_part
from prefdata.publishing.card.summary import columns_part, summary_part

if TYPE_CHECKING:
    from prefdata.publishing.facts import Facts

__all__ = ["PARTS", "card_text"]

PARTS = (
    ("Summary", summary_part),
    ("Columns and labels", columns_part),
    ("Sources", sources_part),
    ("Generators", generators_part),
    ("Processing", steps_part),
    ("Annotators", annotators_part),
    ("Personal data", personal_part),
    ("Licence and obligations", licence_part),
    ("Uses and limits", uses_part),
    ("Evaluation sets", decontamination_part),
    ("Versions", versions_part),
    ("Citation", citation_part),
    ("Contact", contact_part),
)
"""Heading and writer of each part, in their order."""


def card_text(facts: Facts, existing: str | None = None) -> str:
    """Return README.md.

    Args:
        facts: What there is to say. A number that is not in it is not in the card, except for sums
            over splits; what is missing is said to be missing.
        existing: The README.md that is published already. Its text outside our marks and its other
            keys stay; our part is written anew.

    Raises:
        DataError: If the existing card cannot be taken apart safely.
    """
    parts = "\n\n".join(f"## {heading}\n\n{write(facts)}" for heading, write in PARTS)
    body = f"# {inline(facts.texts.title)}\n\n{parts}"
    return merged(front_matter(facts), body, existing)
