"""Whether the licence that a card states is the one that is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.publishing.findings import Finding
from prefdata.publishing.licences.effective import LICENSES_FILE, hub_license, publication_license
from prefdata.publishing.licences.weighing import Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["card_findings"]

_WHERE = "README.md: license"
# Ids of the hub that stand for a family, for a collection but not what is in it, or for a mix.
_UMBRELLAS = frozenset({"cc", "odc-by", "odbl", "pddl", "other", "unknown"})
_FAMILY = "cc"


def card_findings(
    targets: Sequence[str],
    card_license: str | Sequence[str] | None,
    *,
    has_licenses_file: bool,
) -> Iterator[Finding]:
    """Find out whether the card says what is published, precisely enough (L030).

    Args:
        targets: Expressions that configurations are published under.
        card_license: ``license`` in the YAML of the card; None where it is still to be written.
        has_licenses_file: Whether LICENSES.md is published, which tells what umbrellas cover.
    """
    if not targets:
        return
    union = publication_license(targets)
    expected = hub_license(union)["license"]
    stated = _listed(card_license, expected)
    if stated != [expected] and not (has_licenses_file and _is_family(stated, targets)):
        yield Finding(
            "L030",
            "refuse",
            f"The card says {' and '.join(stated) or 'nothing'}, and what is published is {union}.",
            _WHERE,
            f"Write `license: {expected}` in the card, or leave it to prefdata.",
        )
    if not has_licenses_file and (vague := sorted(_UMBRELLAS.intersection(stated))):
        yield Finding(
            "L030",
            "refuse",
            f"The card says {vague[0]}, which does not tell what holds for which part.",
            _WHERE,
            f"Publish {LICENSES_FILE}, which does.",
        )


def _listed(stated: str | Sequence[str] | None, expected: str) -> list[str]:
    if stated is None:
        return [expected]
    names = [stated] if isinstance(stated, str) else list(stated)
    return sorted({name.strip().lower() for name in names})


def _is_family(stated: list[str], targets: Sequence[str]) -> bool:
    options = [known for text in targets for known, _ in Target.read(text).options]
    names = [one.spdx for known in options for one in known]
    return stated == [_FAMILY] and bool(names) and all(name.startswith("CC") for name in names)
