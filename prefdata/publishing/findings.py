"""What a check before publishing found: a code, how bad it is, and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Finding", "Level", "ordered"]

Level = Literal["refuse", "warn", "notice"]
"""``refuse``: nothing is published. ``warn``: told, and refused where the user asked for strict
checks. ``notice``: an obligation that the published files fulfil; told, so that it is read."""

_RANK: dict[Level, int] = {"refuse": 0, "warn": 1, "notice": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    Codes begin with L (licences), P (privacy) or S (structure), and never change their meaning.
    """

    code: str
    level: Level
    what: str
    """One sentence that says what is wrong, with numbers."""
    where: str
    """Configuration, source and component or column."""
    fix: str
    """What to do; a setting of the recipe or an option, where there is one."""
    n: int = 0
    """Rows it concerns, where they can be counted."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return asdict(self)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings without repetition, the worst first, then by code and place."""
    return sorted(
        set(findings), key=lambda found: (_RANK[found.level], found.code, found.where, found.what)
    )
