"""What is fuzzed: functions of bytes that raise when a promise is broken, found by listing.

A target of an adapter is there for every plugin of the kind `source`, and one of a hand-off for
every annotation tool; a new file in those folders is fuzzed without a line here.
"""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["Broken", "Target", "targets"]

_FAMILIES = ("adapters", "handbacks", "settings", "queries", "answers")


class Broken(AssertionError):  # noqa: N818 - a promise, not an error of ours
    """A promise of the subject is broken by the input."""


@dataclass(frozen=True)
class Target:
    """One subject.

    Attributes:
        name: What it is called, in kebab case.
        open: Given an empty folder, returns the function that is fed; it returns nothing, and
            raises anything at all when a promise is broken.
        seeds: Inputs that the subject takes.
        guided: Packages whose coverage guides atheris; the fewer, the sooner it starts.
        damage: Changes an input so that it keeps some of its shape.
        promise: What is held against every input, in a sentence.
    """

    name: str
    open: Callable[[Path], Callable[[bytes], None]]
    seeds: Sequence[bytes]
    damage: Callable[[bytes, random.Random], bytes]
    guided: tuple[str, ...]
    promise: str


@functools.cache
def targets() -> Mapping[str, Target]:
    """Return all targets by their names."""
    found: dict[str, Target] = {}
    for family in _FAMILIES:
        for target in importlib.import_module(f"tests.fuzz.{family}").family():
            found[target.name] = target
    return found
