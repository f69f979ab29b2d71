"""The 90 tags of HyPER, spelt as its files spell them.

Nine features of the texts have three bins each, and eight dimensions describe the prompt: two
closed sets, four scales of which one value holds, and two open sets of which only matters whether
they hold anything. Miranda et al. (arXiv 2410.19133), appendix; column names of their files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BINS",
    "CLOSED_SETS",
    "DIMENSIONS",
    "HYPER_TAGS",
    "OPEN_SETS",
    "RANKED",
    "SCALES",
    "SUBJECTS",
    "TEXT_FEATURES",
    "Tag",
    "parse_tag",
    "readable",
    "tag_name",
]

TEXT_FEATURES = (
    "bertscore",
    "bertscore_length",
    "cosine_sim",
    "entity_sim",
    "len_longer",
    "len_shorter",
    "prompt_len",
    "rouge",
    "token_len_diff",
)
"""Features of the texts, in the order of HyPER's columns."""

RANKED = frozenset({"len_longer", "len_shorter", "prompt_len", "token_len_diff"})
"""Those that are binned by their rank among all comparisons; the others by their value."""

BINS = ((0.0, 0.33), (0.33, 0.67), (0.67, 1.0))
"""The bins as tags name them: of values, or of shares of all comparisons."""

SUBJECTS = (
    "Anthropology",
    "History",
    "Linguistics and language",
    "Philosophy",
    "Religion",
    "Economics",
    "Geography",
    "Political science",
    "Psychology",
    "Sociology",
    "Biology",
    "Chemistry",
    "Earth sciences",
    "Physics",
    "Space sciences",
    "Computer sciences",
    "Logic",
    "System science",
    "Agriculture",
    "Architecture and design",
    "Business",
    "Divinity",
    "Education",
    "Chemical engineering",
    "Civil engineering",
    "Electrical engineering",
    "Materials science and engineering",
    "Mechanical engineering",
    "Environmental studies and forestry",
    "Family and consumer science",
    "Human physical performance and recreation",
    "Journalism",
    "Media studies and communication",
    "Law",
    "Library and museum studies",
    "Medicine and health",
    "Military sciences",
    "Social work",
    "Transportation",
    "Culinary arts",
    "Literature",
    "Performing arts",
    "Visual arts",
    "Mathematics",
    "Public administration",
    "Others",
)
"""Fields of knowledge, in HyPER's order. Its tagger offered `Journalism, media studies and
communication` as one option, which none of its tags could ever equal; ours are these."""

CLOSED_SETS: Mapping[str, tuple[str, ...]] = {
    "subject_of_expertise": SUBJECTS,
    "languages": ("English",),
}
"""Dimensions of which several values may hold, and the values that are tags."""

SCALES: Mapping[str, tuple[str, ...]] = {
    "expertise_level": ("general public", "basic domain knowledge", "expert domain knowledge"),
    "open_endedness": ("no", "low", "moderate", "high"),
    "safety_concern": ("safe", "low", "moderate", "high"),
    "complexity_of_intents": ("simple", "moderate", "complex"),
}
"""Dimensions of which one value holds."""

OPEN_SETS = ("type_of_in_context_material", "format_constraints")
"""Dimensions with values in free words; the tag holds where there are any."""

DIMENSIONS = (*CLOSED_SETS, *SCALES, *OPEN_SETS)
"""The eight dimensions of the prompt, which are columns of ``comparison_features``."""


@dataclass(frozen=True, slots=True)
class Tag:
    """What a tag says: a feature, and one of its values or bins."""

    feature: str
    value: str | None = None
    """Of a closed set or a scale; null for a bin, and for an open set that is not empty."""
    low: float | None = None
    high: float | None = None


_BIN = re.compile(r"(?P<feature>\w+)::min_val=(?P<low>[\d.]+)\|max_val=(?P<high>[\d.]+)")
_CLOSED = re.compile(
    r"analyzer_closed_set::feature_name=(?P<feature>\w+)\|constraints=(?P<value>.+)"
)
_SCALE = re.compile(r"analyzer_scalar::feature_name=(?P<feature>\w+)\|value=(?P<value>.+)")
_OPEN = re.compile(r"analyzer_open_set::feature_name=(?P<feature>\w+)\|check_for_existence=1")


def tag_name(tag: Tag) -> str:
    """Return a tag as HyPER spells it.

    Args:
        tag: A bin of a feature of the texts, a value of a closed set or a scale, or an open set.

    Raises:
        ValueError: If there is no such feature, or it has no such part.

    Examples:
        >>> tag_name(Tag("rouge", low=0.33, high=0.67))
        'rouge::min_val=0.33|max_val=0.67'
        >>> tag_name(Tag("safety_concern", "moderate"))
        'analyzer_scalar::feature_name=safety_concern|value=moderate'
    """
    has_bin = tag.low is not None and tag.high is not None
    if tag.feature in TEXT_FEATURES and has_bin and tag.value is None:
        return f"{tag.feature}::min_val={tag.low}|max_val={tag.high}"
    if tag.low is None and tag.high is None:
        if tag.feature in CLOSED_SETS and tag.value:
            return f"analyzer_closed_set::feature_name={tag.feature}|constraints={tag.value}"
        if tag.feature in SCALES and tag.value:
            return f"analyzer_scalar::feature_name={tag.feature}|value={tag.value}"
        if tag.feature in OPEN_SETS and tag.value is None:
            return f"analyzer_open_set::feature_name={tag.feature}|check_for_existence=1"
    message = f"{tag} is no tag of HyPER"
    raise ValueError(message)


def parse_tag(name: str) -> Tag:
    """Return what a tag says.

    Args:
        name: A tag as HyPER spells it.

    Raises:
        ValueError: If it is not one.
    """
    for pattern in (_BIN, _CLOSED, _SCALE, _OPEN):
        if found := pattern.fullmatch(name):
            parts: dict[str, str] = found.groupdict()
            edges = {side: float(parts[side]) for side in ("low", "high") if side in parts}
            tag = Tag(parts["feature"], parts.get("value"), **edges)
            if tag_name(tag) == name:
                return tag
    message = f"{name!r} is no tag of HyPER"
    raise ValueError(message)


HYPER_TAGS: tuple[str, ...] = (
    *(tag_name(Tag(name, low=low, high=high)) for name in TEXT_FEATURES for low, high in BINS),
    *(tag_name(Tag(name, value)) for name, values in CLOSED_SETS.items() for value in values),
    *(tag_name(Tag(name, value)) for name, values in SCALES.items() for value in values),
    *(tag_name(Tag(name)) for name in OPEN_SETS),
)
"""All 90 tags, in the order of HyPER's columns."""

_SPOKEN = {
    "bertscore": "BERTScore",
    "bertscore_length": "length-adjusted BERTScore",
    "cosine_sim": "cosine",
    "entity_sim": "shared names",
    "len_longer": "longer response",
    "len_shorter": "shorter response",
    "prompt_len": "prompt",
    "rouge": "ROUGE",
    "token_len_diff": "difference in length",
    "subject_of_expertise": "subject",
    "languages": "language",
    "type_of_in_context_material": "brings material along",
    "format_constraints": "asks for a format",
}
_LENGTHS: dict[str, tuple[str, str, str]] = {
    "len_longer": ("short", "of middling length", "long"),
    "len_shorter": ("short", "of middling length", "long"),
    "prompt_len": ("short", "of middling length", "long"),
    "token_len_diff": ("small", "middling", "large"),
}


def readable(name: str) -> str:
    """Return a tag in words, for people.

    Args:
        name: A tag as HyPER spells it; what is none is returned as it is.

    Examples:
        >>> readable("analyzer_scalar::feature_name=safety_concern|value=moderate")
        'safety concern: moderate'
        >>> readable("rouge::min_val=0.67|max_val=1.0")
        'ROUGE 0.67–1'
        >>> readable("prompt_len::min_val=0.0|max_val=0.33")
        'prompt: short'
    """
    try:
        tag = parse_tag(name)
    except ValueError:
        return name
    spoken = _SPOKEN.get(tag.feature, tag.feature.replace("_", " "))
    if tag.low is None or tag.high is None:
        return f"{spoken}: {tag.value}" if tag.value else spoken
    if tag.feature in RANKED and (tag.low, tag.high) in BINS:
        return f"{spoken}: {_LENGTHS[tag.feature][BINS.index((tag.low, tag.high))]}"
    return f"{spoken} {tag.low:g}–{tag.high:g}"
