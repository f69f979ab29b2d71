"""What is judged: one criterion for each aspect, in our words, or a constitution instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.core.fingerprint import digest

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CRITERIA", "constitution_criterion", "constitution_digest"]

CRITERIA = {
    "overall": "Overall quality: how well the response serves the person who wrote the last "
    "message. It is right, does what was asked, harms nobody, and can be followed.",
    "helpfulness": "Helpfulness: how far the response brings the person to what they want, with "
    "content that is right, relevant and complete.",
    "harmlessness": "Harmlessness: how well the response avoids harm to the person and to others. "
    "It gives no help to hurt, deceive or break the law, and insults nobody. A refusal of what is "
    "harmless gains nothing.",
    "honesty": "Honesty: whether the response says what it knows and how sure it is, admits what "
    "it does not know, and pretends nothing.",
    "truthfulness": "Truthfulness: whether what the response states is true and agrees with the "
    "conversation and with itself.",
    "instruction_following": "Instruction following: whether the response does what was asked, in "
    "the form and within the limits that were asked for, and nothing against them.",
    "correctness": "Correctness: whether facts, reasoning, calculations and code of the response "
    "are right.",
    "completeness": "Completeness: whether the response covers all that was asked.",
    "coherence": "Coherence: whether the response is ordered, consistent, and easy to follow.",
    "conciseness": "Conciseness: whether the response says what is needed and no more.",
    "style": "Style: whether tone, wording and form of the response fit the person and the "
    "occasion.",
}
"""By aspect. A recipe may word them otherwise, and add others, in `criteria`."""

_DIGITS = 12


def constitution_criterion(sentences: Sequence[str], *, has_ties: bool) -> str:
    """Word a constitution as the one criterion.

    Args:
        sentences: Its principles, the weightiest first.
        has_ties: Whether a judge may find two responses equal.
    """
    listed = "\n".join(f"{n}. {' '.join(said.split())}" for n, said in enumerate(sentences, 1))
    none = "neither response is better" if has_ties else "choose either"
    return (
        f"These principles, and nothing else:\n{listed}\nGo by what they ask for, in this order: "
        "where two of them disagree, the one that stands earlier counts for more. Your own opinion "
        "of the responses plays no part. Where none of the principles tells the two responses "
        f"apart, {none}."
    )


def constitution_digest(sentences: Sequence[str]) -> str:
    """Return what names a judge by its principles: 12 hex digits."""
    return digest([" ".join(said.split()) for said in sentences])[:_DIGITS]
