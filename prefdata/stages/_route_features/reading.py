"""What the answer of a tagger says; an option that was not offered is no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefdata.chat.objects import read_object
from prefdata.routing.features.imported import canonical_value
from prefdata.routing.features.names import OPEN_SETS, SCALES, SUBJECTS
from prefdata.routing.features.rules import rules
from prefdata.stages._route_features.wording import MOST_SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["read_tags", "readable_tags", "reader"]

_LONGEST_WORDS = 80
_MOST_WORDS = 20
_MOST = {
    "subject_of_expertise": MOST_SUBJECTS,
    "languages": _MOST_WORDS,
    **dict.fromkeys(SCALES, 1),
}


def reader(dimensions: Sequence[str]) -> Callable[[str], object]:
    """Return what reads an answer about some dimensions, and raises ValueError where it fails."""

    def read(text: str) -> object:
        return read_tags(text, dimensions)

    return read


def read_tags(text: str, dimensions: Sequence[str]) -> dict[str, list[str]]:
    """Return the values of all dimensions.

    A closed `<think>` block before the object and a code fence around it are looked through; other
    words are not. Case does not count in options. The option of HyPER's tagger that joins
    journalism and media studies is both of them.

    Args:
        text: The answer.
        dimensions: What was asked for.

    Raises:
        ValueError: If it is not one object with exactly these keys, or a value is no option.
    """
    said = read_object(text)
    if missing := [name for name in dimensions if name not in said]:
        message = f"the answer says nothing of {', '.join(missing)}"
        raise ValueError(message)
    if unknown := sorted(set(said) - set(dimensions)):
        message = f"nobody asked for {', '.join(unknown)}"
        raise ValueError(message)
    return {name: _values(name, said[name]) for name in dimensions}


def readable_tags(text: str, dimensions: Sequence[str]) -> dict[str, list[str]]:
    """Return the values of those dimensions of which an answer says something that can be read.

    Args:
        text: An answer that is not right as a whole.
        dimensions: What was asked for.
    """
    try:
        said = read_object(text)
    except ValueError:
        return {}
    found = {}
    for name in dimensions:
        try:
            found[name] = _values(name, said[name])
        except (ValueError, KeyError):
            continue
    return found


def _values(dimension: str, said: Any) -> list[str]:
    values = [said] if isinstance(said, str) else said
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        message = f"{dimension}: {said!r} is no list of words"
        raise ValueError(message)
    if dimension in OPEN_SETS:
        return _free_words(dimension, values)
    if not 1 <= len(set(values)) <= _MOST[dimension]:
        message = f"{dimension}: {len(set(values))} options are named"
        raise ValueError(message)
    spelt = _options(dimension)
    found = (spelt(part) for one in values for part in canonical_value(dimension, one))
    return list(dict.fromkeys(found))


def _free_words(dimension: str, values: list[str]) -> list[str]:
    found = list(dict.fromkeys(one.strip().lower() for one in values if one.strip()))
    if len(found) > _MOST_WORDS or any(len(one) > _LONGEST_WORDS for one in found):
        message = f"{dimension}: too many words"
        raise ValueError(message)
    return found


def _options(dimension: str) -> Callable[[str], str]:
    """Return what spells an option as it was offered, and raises ValueError where it was not."""
    offered = {
        "subject_of_expertise": SUBJECTS,
        "languages": tuple(rules().languages.values()),
        **SCALES,
    }[dimension]
    known = {option.casefold(): option for option in offered}

    def spelt(value: str) -> str:
        try:
            return known[" ".join(value.split()).casefold()]
        except KeyError:
            message = f"{dimension}: {value!r} is no option"
            raise ValueError(message) from None

    return spelt
