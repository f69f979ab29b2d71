"""What must be told: authors, terms of the providers of models, conditions of publishers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from prefdata.publishing.findings import Finding
from prefdata.publishing.licences.expressions import joined
from prefdata.publishing.licences.terms import (
    NOT_NAMED,
    condition_of,
    describes_a_reader,
    origin_of,
    terms_called,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prefdata.publishing.facts import SourceFacts
    from prefdata.publishing.findings import Level
    from prefdata.publishing.licences.parts import Part, Weighed

__all__ = ["attribution_findings", "condition_findings", "provider_findings"]

_MOST_NAMED = 6


def attribution_findings(one: Weighed, facts: SourceFacts | None) -> Iterator[Finding]:
    """Find attribution that is owed and lacks an author, a title or a link (L006)."""
    part = one.part
    lacking = _lacking(part.source, facts)
    owed: set[str] = set()
    n = 0
    for verdict, rows in one.verdicts:
        names = {license_.spdx for license_ in verdict.licenses if license_.attribution}
        owed |= names
        n += rows if names else 0
    if owed and lacking:
        yield Finding(
            "L006",
            "refuse",
            f"{part.told(n)} are owed attribution ({joined(owed)}); "
            f"not known: {', '.join(lacking)}.",
            part.where,
            f"Give them in `publication.attribution.{part.source}`, "
            "or leave the source out with `sources`.",
            n,
        )


def _lacking(source: str, facts: SourceFacts | None) -> list[str]:
    if facts is None or describes_a_reader(source):
        return ["author", "title", "link"]
    known = {
        "author": facts.citation,
        "title": facts.title,
        "link": facts.homepage or facts.repo or facts.doi,
    }
    return [name for name, text in known.items() if not (text or "").strip()]


def provider_findings(part: Part) -> Iterator[Finding]:
    """Find terms of providers on what their models wrote, one for each of the terms (L010)."""
    found: dict[str, Counter[str]] = {}
    for model, n in part.models.items():
        # Prompts and judgments without a model are by people, or by rules; responses are by a
        # model that nobody names.
        if model is None and part.component != "response":
            continue
        name = origin_of(model, part.source).terms
        found.setdefault(name, Counter())[model or NOT_NAMED] += n
    for name, models in sorted(found.items()):
        terms = terms_called(name)
        if terms.level == "none":
            continue
        n = models.total()
        what = f"{part.told(n)} are by {_listed(models)}. {terms.title}: {terms.text}"
        fix = f"NOTICE and the card tell it. To do without, {part.leave_out}leave the source out."
        yield Finding("L010", terms.level, what, f"{part.where} ({name})", fix, n)


def _listed(models: Mapping[str, int]) -> str:
    names = sorted(models)
    more = len(names) - _MOST_NAMED
    told = ["a model that is not named" if name == NOT_NAMED else name for name in names]
    return ", ".join(told[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def condition_findings(
    parts: Sequence[Part],
    sources: Mapping[str, SourceFacts],
    gate_prompt: str,
    *,
    are_terms_told: bool,
) -> Iterator[Finding]:
    """Find conditions of publishers that nobody who loads the data must agree to (L020).

    Args:
        parts: Those of one configuration.
        sources: What is known of the sources, by name.
        gate_prompt: What somebody must agree to; empty when the data is open.
        are_terms_told: Whether the card and NOTICE tell the conditions.
    """
    for source in sorted({part.source for part in parts}):
        condition = condition_of(source, sources.get(source))
        if condition is None or condition.is_told_by(gate_prompt):
            continue
        own = [part for part in parts if part.source == source]
        has_people = any(part.component == "demographics" for part in own)
        level: Level = "refuse" if has_people else "notice" if are_terms_told else "warn"
        told = (
            "card and NOTICE tell it, the gate does not" if are_terms_told else "nothing tells it"
        )
        people = ", and demographics are published" if has_people else ""
        hide = ", or leave out `publication.demographics`" if has_people else ""
        yield Finding(
            "L020",
            level,
            f"The publisher of {source} asks of everybody: {condition.text} Here {told}{people}.",
            f"{own[0].config}: {source} ({condition.name})",
            "Tell it in `publication.gate.prompt`, which people agree to before they load the "
            f"data{hide}.",
            max(sum(part.licenses.values()) for part in own),
        )
