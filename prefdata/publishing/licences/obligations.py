"""What whoever uses or passes on published data must do, and whose models are behind it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from prefdata.publishing.facts import GeneratorFacts, Obligation
from prefdata.publishing.licences.expressions import joined
from prefdata.publishing.licences.parts import parts_of
from prefdata.publishing.licences.terms import NOT_NAMED, condition_of, origin_of, terms_called
from prefdata.publishing.licences.weighing import most_open

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from prefdata.publishing.facts import SourceFacts
    from prefdata.publishing.licences.parts import Part
    from prefdata.publishing.licences.table import License

__all__ = ["generators", "obligations"]

_MODEL_COMPONENTS = ("response", "annotation")


def generators(components: pl.DataFrame) -> tuple[GeneratorFacts, ...]:
    """Return the models whose output is published, or that judged, with their terms.

    Args:
        components: As `prefdata.publishing.licences.policy.check_licences` takes them. What is in
            two configurations counts twice; pass distinct rows under one name of a configuration
            for distinct counts.

    Returns:
        One for each model, component and terms, sorted; responses whose model no source names are
        those of ``not named``.
    """
    counts: Counter[tuple[str, str, str | None, str]] = Counter()
    for part in parts_of(components):
        for model, n in _by_models(part):
            origin = origin_of(model, part.source)
            counts[model or NOT_NAMED, part.component, origin.provider, origin.terms] += n
    rows = sorted(counts.items(), key=lambda row: (row[0][1], row[0][0], row[0][3]))
    return tuple(
        GeneratorFacts(model, component, n, provider, terms)
        for (model, component, provider, terms), n in rows
    )


def obligations(
    components: pl.DataFrame,
    sources: Mapping[str, SourceFacts],
    accepted: Mapping[str, str] | None = None,
) -> tuple[Obligation, ...]:
    """Return what the licences, providers and publishers of published data ask.

    Args:
        components: As `prefdata.publishing.licences.policy.check_licences` takes them.
        sources: What is known of the sources, by name.
        accepted: Sources whose unknown licence is accepted, to the reason.

    Returns:
        Attribution by source, then licences, terms of providers, conditions of publishers, and what
        is not known, each sorted by name.
    """
    parts = parts_of(components)
    reasons = {name: why for name, why in (accepted or {}).items() if why.strip()}
    return (
        *_attribution(parts, sources),
        *_licenses(parts),
        *_providers(parts),
        *_conditions(parts, sources),
        *_not_known(parts, reasons),
    )


def _by_models(part: Part) -> list[tuple[str | None, int]]:
    """Return models and rows, without what people or rules did."""
    return [
        (model, n)
        for model, n in part.models.items()
        if part.component in _MODEL_COMPONENTS and (model or part.component == "response")
    ]


def _known(part: Part) -> list[License]:
    return [one for text in part.licenses for one in most_open(text)[0]]


def _attribution(parts: list[Part], sources: Mapping[str, SourceFacts]) -> list[Obligation]:
    owed: dict[str, set[str]] = {}
    for part in parts:
        names = {one.spdx for one in _known(part) if one.attribution}
        if names:
            owed.setdefault(part.source, set()).update(names)
    found = []
    for source, names in sorted(owed.items()):
        facts = sources.get(source)
        title = facts.title if facts else source
        link = facts.homepage or facts.repo or facts.doi if facts else None
        text = (
            f"Name its authors and its title{f' with a link to {link}' if link else ''}, say that "
            f"it is under {joined(names)}, and that rows were selected, cleaned and paired here."
        )
        found.append(Obligation(f"Attribution: {title}", text, (source,)))
    return found


def _licenses(parts: list[Part]) -> list[Obligation]:
    found: dict[str, tuple[License, set[str]]] = {}
    for part in parts:
        for one in _known(part):
            found.setdefault(one.spdx, (one, set()))[1].add(f"{part.source} {part.component}")
    return [
        Obligation(f"Licence: {name}", f"{one.obligations} {one.url}", tuple(sorted(places)))
        for name, (one, places) in sorted(found.items())
    ]


def _providers(parts: list[Part]) -> list[Obligation]:
    found: dict[str, set[str]] = {}
    for part in parts:
        for model, _ in _by_models(part):
            name = model or f"{NOT_NAMED} ({part.source})"
            found.setdefault(origin_of(model, part.source).terms, set()).add(name)
    asked = [(terms_called(name), models) for name, models in sorted(found.items())]
    return [
        Obligation(
            f"Terms: {terms.title}",
            f"{terms.text} {terms.url}" if terms.url else terms.text,
            tuple(sorted(models)),
        )
        for terms, models in asked
        if terms.level != "none"
    ]


def _conditions(parts: list[Part], sources: Mapping[str, SourceFacts]) -> list[Obligation]:
    found = []
    for source in sorted({part.source for part in parts}):
        facts = sources.get(source)
        condition = condition_of(source, facts)
        if condition is not None:
            title = facts.title if facts else source
            found.append(Obligation(f"Condition: {title}", condition.text, (source,)))
    return found


def _not_known(parts: list[Part], reasons: Mapping[str, str]) -> list[Obligation]:
    lost: dict[str, set[str]] = {}
    for part in parts:
        if any(most_open(text)[1] for text in part.licenses):
            lost.setdefault(part.source, set()).add(part.component)
    found = []
    for source, components in sorted(lost.items()):
        why = " ".join(reasons.get(source, "no reason was given").split()).rstrip(".")
        text = (
            "Nobody knows its licence, so nothing is promised of it; ask whoever holds the rights "
            f"before you use it. It is published because: {why}."
        )
        places = tuple(f"{source} {component}" for component in sorted(components))
        found.append(Obligation(f"Licence not known: {source}", text, places))
    return found
