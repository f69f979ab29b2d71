"""That what was exported is what its trainer reads: no pair more, less or other."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from prefdata.registry import plugin
from prefdata.testing.trainers._rows import Message, Messages, Read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import polars as pl

    from prefdata.testing.trainers._rows import Case

__all__ = ["assert_reads_back"]

_SIDES = ("chosen", "rejected")
_ONCE = ("prompts", "responses")


def assert_reads_back(case: Case, frame: pl.DataFrame, folder: Path) -> list[Read]:
    """Export the pairs that fit a format, read them, and compare.

    Args:
        case: The format, its parameters and its reader.
        frame: Pairs, as an exporter gets them.
        folder: Where to write; empty or absent.

    Returns:
        What the reader gave.

    Raises:
        AssertionError: If the reader refuses what `Exporter.unfit` let through, or reads other
            prompts, responses, labels or margins.
    """
    exporter = plugin("exporter", case.exporter)
    params = exporter.params(**case.params)
    if exporter.unfit is not None:
        frame = frame.filter(exporter.unfit(frame, params).is_null())
    if not exporter.write(iter([frame]), folder, params):
        assert frame.is_empty(), f"{case.exporter} ({case.variant}) wrote nothing"
        return []
    try:
        found = case.read(folder)
    except ValueError as error:
        message = f"{case.exporter} ({case.variant}) writes what its trainer refuses: {error}"
        raise AssertionError(message) from error
    wanted = Counter(_heard(case.keeps(read)) for read in _expected(case, frame, found))
    given = Counter(map(_heard, found))
    assert given == wanted, (
        f"{case.exporter} ({case.variant}) is read as something else: "
        f"{list((given - wanted).elements())[:3]} in place of "
        f"{list((wanted - given).elements())[:3]}"
    )
    return found


def _expected(case: Case, frame: pl.DataFrame, found: list[Read]) -> Iterator[Read]:
    """Yield what the reader of a format must give of these pairs."""
    is_whole = bool(found) and found[0].prompt is None
    has_margin = bool(found) and found[0].margin is not None
    seen: set[tuple[Messages, ...]] = set()
    for row in frame.iter_rows(named=True):
        split = row["split"] or "train"
        prompt = _messages(row["prompt"])
        sides = {side: _messages(row[side]) for side in _SIDES}
        if case.gives in _ONCE:
            response = sides["chosen"] if case.gives == "responses" else None
            if (prompt, response or ()) not in seen:
                seen.add((prompt, response or ()))
                yield Read(split, prompt=prompt, response=response)
        elif case.gives == "labels":
            for side, response in sides.items():
                yield Read(split, prompt=prompt, response=response, label=side == "chosen")
        elif is_whole:
            yield Read(split, chosen=prompt + sides["chosen"], rejected=prompt + sides["rejected"])
        else:
            margin = (row["margin"] or 0.0) if has_margin else None
            yield Read(split, prompt, sides["chosen"], sides["rejected"], margin)


def _messages(messages: Iterable[dict[str, Any]] | None) -> Messages:
    return tuple(Message(turn["role"], turn["content"]) for turn in messages or ())


def _heard(read: Read) -> Read:
    """Return it without a system prompt of no words, which no trainer hears."""
    whole = {
        name: turns[1:]
        for name in ("prompt", *_SIDES)
        if (turns := getattr(read, name)) and turns[0] == Message("system", "")
    }
    return replace(read, **whole)
