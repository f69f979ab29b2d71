"""The licence that published data needs, and how a card on the hub names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.publishing.licences.expressions import joined
from prefdata.publishing.licences.table import UNKNOWN, license_of
from prefdata.publishing.licences.weighing import most_open

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import polars as pl

    from prefdata.publishing.licences.table import License

__all__ = ["LICENSES_FILE", "effective_license", "hub_license", "publication_license"]

LICENSES_FILE = "LICENSES.md"
_HUB = "https://huggingface.co"


def effective_license(components: pl.DataFrame) -> str:
    """Return the licence that data needs: what ``license: auto`` of a configuration becomes.

    It is the least that asks for all that the parts ask for:

    1. Where a source offers a choice, the one that asks least is taken.
    2. A licence gives way to a later version that it names as its heir (CC-BY-3.0 to CC-BY-4.0).
    3. What asks for nothing (CC0-1.0) gives way to everything.
    4. Non-commercial parts make the whole non-commercial: who gets rows of PRISM's responses among
       others may not sell them, so permissive parts give way to CC-BY-NC-4.0, which lets them.
       Research-only parts do the same to non-commercial ones.
    5. Share-alike parts make the whole share-alike, and the rest gives way to them, except where
       one of them forbids the other: non-commercial with CC-BY-SA or ODbL-1.0, or two share-alike
       licences. Both are then named, and `check_licences` refuses the mix: only configurations of
       their own help.
    6. Licences of software that ask for a notice (MIT, Apache-2.0) give way to those of texts and
       data that ask for attribution, since NOTICE keeps their notices.
    7. What is left over beside each other (CC-BY-4.0 and ODC-By-1.0: one of texts, one of a
       collection) is joined by ``AND``.

    Unknown licences stay in it as ``NOASSERTION``: nothing can be promised of those parts.

    Args:
        components: As `check_licences` takes them, of one configuration; rows with ``n`` 0 do not
            count.

    Returns:
        An SPDX id, several joined by `` AND ``, or ``NOASSERTION`` where there is nothing known.
    """
    counted = components.filter(components["n"] > 0)
    known: dict[str, License] = {}
    has_unknown = False
    for text in sorted(set(counted["license"].fill_null(UNKNOWN))):
        licenses, lost = most_open(text)
        known |= {one.spdx: one for one in licenses}
        has_unknown |= bool(lost)
    names = [one.spdx for one in _needed(list(known.values()))]
    return joined([*names, *([UNKNOWN] if has_unknown or not names else [])])


def publication_license(targets: Iterable[str]) -> str:
    """Return the licence of a publication of which each configuration has its own.

    Nothing gives way here: each configuration keeps its licence, so all of them are named.

    Args:
        targets: Expressions, one for each configuration.
    """
    distinct = sorted({_canonical(text) for text in targets})
    if len(distinct) == 1:
        return distinct[0]
    parts = [f"({text})" if " OR " in text else text for text in distinct]
    return joined(name for part in parts for name in part.split(" AND "))


def hub_license(spdx: str, repo_id: str | None = None) -> Mapping[str, str]:
    """Return what the YAML of a card says of a licence.

    A licence that the hub lists goes by its id there. Anything else, mixes above all, is ``other``
    with a name, and a link to LICENSES.md, which has the table of who put what under which.

    Args:
        spdx: What is published, as `publication_license` or `effective_license` return it.
        repo_id: Where it is published. The hub takes an address as link, or the names LICENSE and
            LICENSE.md, but no other file; without a repository the bare name is given.

    Returns:
        ``license``, and with ``other`` also ``license_name`` and ``license_link``.

    References:
        The table of licences and the template of cards in the documentation of the hub.
    """
    one = license_of(spdx)
    if one is not None and one.hub is not None:
        return {"license": one.hub}
    link = f"{_HUB}/datasets/{repo_id}/blob/main/{LICENSES_FILE}" if repo_id else LICENSES_FILE
    name = "".join(c if c.isalnum() or c in ".-" else "-" for c in spdx.lower()).strip("-")
    while "--" in name:
        name = name.replace("--", "-")
    return {"license": "other", "license_name": name or "unknown", "license_link": link}


def _canonical(text: str) -> str:
    one = license_of(text)
    return one.spdx if one else text.strip()


def _needed(found: list[License]) -> list[License]:
    names = {one.spdx for one in found}
    left = [one for one in found if not names.intersection(one.becomes)]
    if any(one.attribution for one in left):
        left = [one for one in left if one.attribution or not one.is_permissive]
    if any(not one.is_permissive for one in left):
        left = [one for one in left if not one.is_permissive]
    else:
        # One licence that asks for nothing is as good as another.
        free = [one for one in left if not one.attribution]
        left = free[:1] if free and len(free) == len(left) else left
        written_for_texts = [one for one in left if one.about != "software"]
        left = written_for_texts or left
    return _strictest(left)


def _strictest(left: list[License]) -> list[License]:
    """Let those that only forbid commerce give way to those that forbid it and more."""
    restricted = [one for one in left if one.is_noncommercial and not one.no_derivatives]
    rank = max((_demands(one) for one in restricted), default=(False, False))
    return [one for one in left if one not in restricted or _gives_way_to_none(one, rank)]


def _demands(one: License) -> tuple[bool, bool]:
    return one.use == "academic", one.share_alike


def _gives_way_to_none(one: License, rank: tuple[bool, bool]) -> bool:
    return one.share_alike or _demands(one) == rank
