"""Weighs the licence of a component against the one that it is to be published under."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from prefdata.publishing.licences.table import resolved

if TYPE_CHECKING:
    from prefdata.publishing.licences.table import License

__all__ = ["Option", "Target", "Verdict", "most_open", "weigh"]

Option = tuple[tuple["License", ...], tuple[str, ...]]
"""Licences that hold together, and the names among them that the table does not know."""

_EXCEPTION = re.compile(r"\bWITH\b")
_USES: tuple[Literal["all", "nc", "academic"], ...] = ("all", "nc", "academic")


@dataclass(frozen=True, slots=True)
class Target:
    """A licence that something is to be published under.

    Where it is a choice, whoever gets the data may take any of it, so it allows what the most open
    of its choices allows. What the table does not know is taken to allow everything and to keep
    nothing, so that nothing restricted leaves under a name that nobody can read.
    """

    text: str
    options: tuple[Option, ...]

    @classmethod
    def read(cls, text: str) -> Target:
        """Read an SPDX expression; one that cannot be read is a licence that nobody knows.

        Neither is one with an exception: it may allow what the licence forbids.
        """
        options = resolved(text)
        if _EXCEPTION.search(text):
            options = tuple((known, (*lost, text)) for known, lost in options)
        return cls(text, options)

    @property
    def lost(self) -> tuple[str, ...]:
        """Names that the table does not know."""
        return tuple(sorted({name for _, lost in self.options for name in lost}))

    @property
    def use(self) -> Literal["all", "nc", "academic"]:
        """Who may use what is published."""
        ranks = [max((_rank(one) for one in known), default=0) for known, _ in self.options]
        return _USES[min(ranks)]

    @property
    def keeps_attribution(self) -> bool:
        """Whether authors stay named."""
        return all(any(one.attribution for one in known) for known, _ in self.options)

    def shares(self, license_: License) -> bool:
        """Whether what is made of something under a share-alike licence may be under this."""

        def fits(option: Option) -> bool:
            known, lost = option
            heirs = [one for one in known if license_.allows(one)]
            rest = [one for one in known if one not in heirs]
            return not lost and bool(heirs) and all(one.is_permissive for one in rest)

        return not license_.share_alike or all(fits(option) for option in self.options)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What stands against publishing something under a target; nothing where all is empty."""

    licenses: tuple[License, ...]
    """What was chosen of the licence, so far as it is known."""
    unknown: tuple[str, ...]
    frozen: tuple[License, ...]
    """Those that allow no change."""
    restricted: tuple[License, ...]
    """Those that allow fewer uses than the target."""
    unshared: tuple[License, ...]
    """Those that want to be kept, and are not."""
    drops_attribution: bool

    @property
    def is_covered(self) -> bool:
        """Whether the target asks for all that is asked of it, so far as that is known."""
        return not (self.restricted or self.unshared or self.drops_attribution)

    @property
    def severity(self) -> tuple[bool, ...]:
        """What counts when somebody may choose: the first difference decides."""
        return (
            bool(self.unknown),
            bool(self.frozen),
            bool(self.restricted),
            bool(self.unshared),
            self.drops_attribution,
        )


def weigh(license_: str, target: Target) -> Verdict:
    """Return what stands against publishing something under a target.

    Args:
        license_: SPDX expression of the component. Where it is a choice, the one with the least
            against it is taken.
        target: What it is to be published under.
    """
    verdicts = [_verdict(option, target) for option in resolved(license_)]
    return min(verdicts, key=lambda one: (one.severity, [x.spdx for x in one.licenses]))


def most_open(license_: str) -> Option:
    """Return the choice that asks least, whatever it is to be published under."""

    def demands(option: Option) -> tuple[object, ...]:
        known, lost = option
        return (
            bool(lost),
            any(one.no_derivatives for one in known),
            max((_rank(one) for one in known), default=0),
            any(one.share_alike for one in known),
            any(one.attribution for one in known),
            len(known),
            [one.spdx for one in known],
        )

    return min(resolved(license_), key=demands)


def _verdict(option: Option, target: Target) -> Verdict:
    known, lost = option
    return Verdict(
        licenses=known,
        unknown=lost,
        frozen=tuple(one for one in known if one.no_derivatives),
        restricted=tuple(one for one in known if _rank(one) > _USES.index(target.use)),
        unshared=tuple(one for one in known if not target.shares(one)),
        drops_attribution=any(one.attribution for one in known) and not target.keeps_attribution,
    )


def _rank(one: License) -> int:
    return _USES.index(one.use) if one.use != "unspecified" else 0
