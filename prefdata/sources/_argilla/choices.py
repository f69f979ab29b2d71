"""What a value of the question of preference says of the responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefdata.sources._generic.cells import shown, text_of
from prefdata.tables.coerce import Misfit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["OUTCOMES", "Choice", "choice", "value_names"]

OUTCOMES = ("tie", "both_bad", "not_given")
"""What a value may mean besides a response."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An outcome, with what it says of each response."""

    outcome: str
    chosen: list[bool] | None = None
    ranks: list[int] | None = None


def value_names(fields: Sequence[str]) -> dict[str, str]:
    """Return what values mean where nobody says: names of fields, their last parts, and `tie`.

    >>> sorted(value_names(["response_a", "response_b"]))
    ['A', 'B', 'a', 'b', 'both_bad', 'response_a', 'response_b', 'tie']
    """
    names = {name: name for name in OUTCOMES[:2]}
    ends = [field.replace("-", "_").rpartition("_")[2] for field in fields]
    if len(set(ends)) == len(ends):
        names |= dict(zip(ends, fields, strict=True))
        names |= dict(zip((end.upper() for end in ends), fields, strict=True))
    return names | {field: field for field in fields}


def choice(value: Any, fields: Sequence[str], names: Mapping[str, str]) -> Choice:
    """Say what a value means.

    Args:
        value: A label, or a ranking: values in order, or each with its rank.
        fields: Names of the responses.
        names: The field, or the outcome, that a value stands for.

    Raises:
        Misfit: If a value stands for nothing, or a ranking does not name each response once.
    """
    if value is None:
        return Choice("not_given")
    if isinstance(value, list):
        return _ranked(value, fields, names)
    meant = _meant(value, names)
    if meant in OUTCOMES:
        nobody = None if meant == "not_given" else [False] * len(fields)
        return Choice(meant, nobody)
    return Choice("chosen", [field == meant for field in fields])


def _ranked(value: list[Any], fields: Sequence[str], names: Mapping[str, str]) -> Choice:
    ranks: dict[str, int] = {}
    for place, item in enumerate(value, start=1):
        one, rank = (
            (item.get("value"), item.get("rank")) if isinstance(item, dict) else (item, None)
        )
        if rank is None:
            rank = place
        if not isinstance(rank, int) or isinstance(rank, bool) or not 0 <= rank < 1 << 31:
            raise Misfit("responses", "wrong-type", f"a rank is {shown(rank)}")
        ranks[_meant(one, names)] = rank
    if len(value) != len(fields) or set(ranks) != set(fields):
        reason = f"the ranking {shown(value)} does not name each response once"
        raise Misfit("responses", "unknown-value", reason)
    listed = [ranks[field] for field in fields]
    best = min(listed)
    if max(listed) == best:
        return Choice("tie", [False] * len(fields), listed)
    return Choice("chosen", [rank == best for rank in listed], listed)


def _meant(value: Any, names: Mapping[str, str]) -> str:
    said = text_of(value)
    if said is None or said not in names:
        known = ", ".join(sorted(names))
        reason = f"{shown(value)} is none of the values known: {known}; say more with `values`"
        raise Misfit("responses", "unknown-value", reason)
    return names[said]
