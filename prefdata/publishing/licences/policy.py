"""Whether data may be published under a licence: what refuses it, and what must be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.publishing.findings import Finding, ordered
from prefdata.publishing.licences.cards import card_findings
from prefdata.publishing.licences.effective import effective_license
from prefdata.publishing.licences.parts import parts_of, weighed
from prefdata.publishing.licences.table import UNKNOWN, resolved
from prefdata.publishing.licences.telling import (
    attribution_findings,
    condition_findings,
    provider_findings,
)
from prefdata.publishing.licences.weighing import Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prefdata.publishing.facts import SourceFacts
    from prefdata.publishing.findings import Level
    from prefdata.publishing.licences.parts import Part, Weighed

__all__ = ["check_licences"]


def check_licences(
    components: pl.DataFrame,
    *,
    target: str | Mapping[str, str],
    sources: Mapping[str, SourceFacts],
    accepted: Mapping[str, str] | None = None,
    gate_prompt: str = "",
    are_terms_told: bool = True,
    card_license: str | Sequence[str] | None = None,
    has_licenses_file: bool = True,
) -> list[Finding]:
    """Check what is published against the licences and terms that it came under.

    There is one finding for each code, configuration, source and component, for L010 also for each
    provider's terms; L020 is about a source, L030 about a configuration or the card. A row counts
    under all licences that it has.

    ======  ===================================================================  =================
    code    what                                                                 level
    ======  ===================================================================  =================
    L001    nobody knows the licence                                             refuse; warn where
                                                                                 it is accepted
    L002    no change is allowed, and cleaning is one                            refuse
    L003    commercial use is forbidden, and the target allows it                refuse
    L004    share-alike, and the target is another licence                       refuse
    L005    non-commercial beside CC-BY-SA or ODbL in one configuration          refuse
    L006    attribution is owed, and author, title or link is not known          refuse
    L010    a provider has terms on what its models write                        warn or notice
    L020    a condition of the source is not in the gate                         notice where the
                                                                                 card tells it, else
                                                                                 warn; refuse with
                                                                                 demographics
    L030    the licence of the card is not the one that the parts need           refuse
    ======  ===================================================================  =================

    Args:
        components: What is published, counted: one row for each combination of the first five of

            - ``config``: the configuration;
            - ``source``: as in the catalog;
            - ``component``: ``prompt``, ``response`` (chosen and rejected), ``annotation`` (who is
              preferred, ratings, rationales) or ``demographics`` (columns about annotators). A
              component whose columns are left out has no row;
            - ``license``: SPDX expression, null or ``NOASSERTION`` where nobody knows: that of the
              row in ``prompts`` and ``responses``, ``judgments`` of the source's card for
              annotations, ``annotators`` of it for demographics. **A prompt that holds earlier
              turns of an assistant holds responses**: its licence is that of the prompts AND that
              of the responses of its source, or responses leave inside prompts;
            - ``model``: who wrote a response, or which model judged; null where the source names
              none, or people or rules did it. For prompts null, or the model of earlier turns;
            - ``n``: distinct prompts, distinct responses, or pairs; rows with 0 do not count.
        target: SPDX expression that all of it is published under, or one for each configuration.
        sources: What is known of the sources, by name.
        accepted: Sources whose unknown licence is accepted, to the reason.
        gate_prompt: What somebody must agree to before the data can be loaded; empty when open.
        are_terms_told: Whether the card and NOTICE that are published tell the conditions of the
            sources, as those do that prefdata writes.
        card_license: ``license`` in the YAML of the card, one id of the hub or several; None where
            the card is still to be written.
        has_licenses_file: Whether LICENSES.md is published.

    Returns:
        Findings, the worst first; the same for any order of the rows.

    Raises:
        InternalError: If the frame lacks a column, or has a component that there is not.

    References:
        Attributes as the Data Provenance Initiative gives them (Longpre et al. 2023,
        arXiv:2310.16787). None of it is legal advice.
    """
    parts = parts_of(components)
    targets = _targets(target, [part.config for part in parts])
    reasons = {name: why for name, why in (accepted or {}).items() if why.strip()}
    against = [weighed(part, targets[part.config]) for part in parts]
    found: list[Finding] = []
    for one in against:
        found += _unknown(one, reasons.get(one.part.source))
        found += _refused(one)
        found += attribution_findings(one, sources.get(one.part.source))
        found += provider_findings(one.part)
    found += _mixed(parts)
    for config in sorted(targets):
        own = [one for one in against if one.part.config == config]
        found += condition_findings(
            [one.part for one in own], sources, gate_prompt, are_terms_told=are_terms_told
        )
        frame = components.filter(pl.col("config") == config)
        found += _uncovered(config, targets[config], own, effective_license(frame), reasons)
    texts = [target] if isinstance(target, str) else [one.text for one in targets.values()]
    found += card_findings(texts, card_license, has_licenses_file=has_licenses_file)
    return ordered(found)


def _targets(target: str | Mapping[str, str], configs: list[str]) -> dict[str, Target]:
    # A configuration without a licence is published under one that nobody can read: refused.
    given = dict.fromkeys(configs, target) if isinstance(target, str) else target
    return {name: Target.read(given.get(name, "")) for name in sorted({*configs, *given})}


def _unknown(one: Weighed, reason: str | None) -> Iterator[Finding]:
    names, n = one.against("unknown")
    if not n:
        return
    part = one.part
    what = f"Nobody knows the licence of {part.told(n)} ({names})"
    level: Level = "refuse" if reason is None else "warn"
    fix = (
        f"State it where the source is read, {part.leave_out or 'or '}leave the source out with "
        f"`sources`. To publish it all the same, say why in `publication.accept_unknown."
        f"{part.source}` of the recipe; the reason stands in the card."
    )
    if reason is not None:
        what += f"; it is accepted: {' '.join(reason.split()).rstrip('.')}"
        fix = "Find out whose it is before somebody else asks; the card tells that it is not known."
    yield Finding("L001", level, f"{what}.", part.where, fix, n)


def _refused(one: Weighed) -> Iterator[Finding]:
    part, under = one.part, one.target.text or "no licence"

    def helps(names: str) -> str:
        return (
            f"Set `license` of the configuration to {names}, publish {part.source} in a "
            f"configuration of its own under it, {part.leave_out or 'or '}leave the source out "
            "with `sources`."
        )

    names, n = one.against("frozen")
    if n:
        what = f"{part.told(n)} may not be changed ({names}), and cleaning and pairing change them."
        fix = f"To publish the rest, {part.leave_out}leave the source out with `sources`."
        yield Finding("L002", "refuse", what, part.where, fix, n)
    names, n = one.against("restricted")
    if n:
        what = f"{part.told(n)} are not for every use ({names}), and {under} allows more."
        yield Finding("L003", "refuse", what, part.where, helps(names), n)
    names, n = one.against("unshared")
    if n:
        what = f"{part.told(n)} must stay under {names}, and {under} is another licence."
        yield Finding("L004", "refuse", what, part.where, helps(names), n)


def _mixed(parts: Sequence[Part]) -> Iterator[Finding]:
    """Find non-commercial parts beside those that must stay open to commerce.

    Only what cannot be read otherwise counts: a choice that has a way out does not.
    """
    for part in parts:
        open_ones = {
            other.source
            for other in parts
            if other.config == part.config
            and any(_forces(text, commercial=True) for text in other.licenses)
        }
        n = sum(n for text, n in part.licenses.items() if _forces(text, commercial=False))
        if n and open_ones:
            what = (
                f"{part.told(n)} are not for commercial use, and beside them are rows of "
                f"{', '.join(sorted(open_ones))} that must stay open to it by their share-alike "
                "licence; no licence allows both."
            )
            fix = f"Publish {part.source} in a configuration of its own, with `sources`."
            yield Finding("L005", "refuse", what, part.where, fix, n)


def _forces(text: str, *, commercial: bool) -> bool:
    options = [known for known, _ in resolved(text)]
    if commercial:
        return all(any(x.share_alike and x.use == "all" for x in known) for known in options)
    return all(any(x.is_noncommercial for x in known) for known in options)


def _uncovered(
    config: str,
    target: Target,
    own: Sequence[Weighed],
    needed: str,
    reasons: Mapping[str, str],
) -> Iterator[Finding]:
    """Find out whether the licence of a configuration asks for all that its parts ask for."""
    where = f"{config}: license"
    needed = needed.removesuffix(f" AND {UNKNOWN}")
    fix = (
        f"Set `license` of the configuration to `auto` or to {needed}, or leave out what needs it."
    )
    # What nobody knows may be published under what says so, where that was accepted.
    has_accepted = any(
        verdict.unknown for one in own if one.part.source in reasons for verdict, _ in one.verdicts
    )
    lost = [name for name in target.lost if not (name == UNKNOWN and has_accepted)]
    n = sum(n for one in own for verdict, n in one.verdicts if not verdict.is_covered)
    if lost or not target.text.strip():
        what = f"It is to be published under {target.text!r}, which is no licence that is known."
        yield Finding("L030", "refuse", what, where, fix, n)
    elif n:
        what = f"It is to be published under {target.text}, and its parts need {needed}."
        yield Finding("L030", "refuse", what, where, fix, n)
