"""The parts of the card that say where pairs are from, and what was done to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.publishing.card.markdown import (
    NOT_KNOWN,
    NOT_STATED,
    bullets,
    code,
    fenced,
    inline,
    link,
    number,
    table,
)
from prefdata.publishing.card.provenance import portable_params

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefdata.publishing.facts import Facts, SourceFacts, StepFacts

__all__ = ["decontamination_part", "generators_part", "sources_part", "steps_part"]

_HUB = "https://huggingface.co/datasets"
_SHORT = 12
"""Digits of a digest that a table shows; provenance.jsonl has all of them."""

_COMPONENTS = {
    "prompt": "Prompts",
    "response": "Responses",
    "annotation": "Annotations",
    "demographics": "Demographics",
}
_UNKNOWN_LICENSE = "NOASSERTION"
_WROTE = {"response": "responses", "annotation": "judgments"}


def sources_part(facts: Facts) -> str:
    """Return the sources: what was read, what is published of it, and under which licences."""
    if not facts.sources:
        return f"The sources are {NOT_KNOWN}."
    configs = [config.name for config in facts.configs]
    published = [f"Published in {code(name)}" for name in configs]
    head = ("Source", "On the hub", "Revision", "Raw rows rejected", "Pairs made", *published)
    counts = table(
        head,
        (
            (
                code(source.name),
                _on_hub(source),
                _revision(source),
                number(source.n_rejected),
                number(source.n_pairs),
                *(number(source.n_published.get(name, 0)) for name in configs),
            )
            for source in facts.sources
        ),
        numbers=head[3:],
    )
    named = {name for source in facts.sources for name in source.licenses}
    parts = [name for name in _COMPONENTS if name in named or name != "demographics"]
    licenses = table(
        ("Source", *(_COMPONENTS[name] for name in parts)),
        (
            (code(source.name), *(_license(source, name) for name in parts))
            for source in facts.sources
        ),
    )
    told = "\n\n".join(_one_source(source) for source in facts.sources)
    return f"{counts}\n\nLicences that the sources give:\n\n{licenses}\n\n{told}"


def generators_part(facts: Facts) -> str:
    """Return the models whose output is published, or that judged."""
    note = (
        "Responses are counted once, judgments by pair. *not named*: the source does not say which "
        "model it was. What people or rules judged is not counted here."
    )
    if not facts.generators:
        return f"Which models wrote responses or judged is {NOT_KNOWN}: the sources name none."
    rows = (
        (
            inline(made.model),
            _WROTE.get(made.component, inline(made.component)),
            number(made.n),
            inline(made.provider or NOT_KNOWN),
            inline(made.terms or NOT_KNOWN),
        )
        for made in facts.generators
    )
    head = ("Model", "Wrote", "Number", "Provider", "Terms")
    return f"{table(head, rows, numbers=('Number',))}\n\n{note}"


def steps_part(facts: Facts) -> str:
    """Return the steps of the recipe with their rows, and where all of it is written down."""
    head = ("Step", "Stage", "Source", "Rows in", "Rows out", "Rejected", "Seed")
    rows = [
        (
            code(step.step),
            f"{code(step.stage)} version {step.version}",
            code(step.source),
            number(step.rows_in),
            number(step.rows_out),
            number(step.rows_rejected),
            "none" if step.seed is None else str(step.seed),
        )
        for step in facts.steps
    ]
    made = f"Recipe {code(facts.recipe)}, digest {_digest(facts.recipe_digest)}, seed {facts.seed}."
    versions = ", ".join(
        f"{code(name)} {inline(version)}" for name, version in sorted(facts.versions.items())
    )
    parts = [
        made,
        table(head, rows, numbers=head[3:]) if rows else "No step ran.",
        _reasons(facts.steps),
        f"Made with {versions}." if versions else f"Versions of the libraries: {NOT_KNOWN}.",
        (
            "[provenance.jsonl](provenance.jsonl) has the parameters, seeds and fingerprints of "
            "all steps, and the digests of the raw files; [checksums.sha256](checksums.sha256) "
            "has those of the published ones."
        ),
    ]
    return "\n\n".join(part for part in parts if part)


def decontamination_part(facts: Facts) -> str:
    """Return which steps compared the data with evaluation sets."""
    steps = [step for step in facts.steps if step.stage == "decontaminate"]
    if not steps:
        return (
            "The recipe has no step that compares the data with evaluation sets: whether it holds "
            f"their items is {NOT_KNOWN}."
        )
    return "\n\n".join(
        f"Step {code(step.step)} compared {code(step.source)} with the evaluation sets of its "
        f"parameters, and flagged what it found; the steps above say what was left out for it.\n\n"
        f"{fenced(portable_params(step.params), 'json')}"
        for step in steps
    )


def _on_hub(source: SourceFacts) -> str:
    return link(source.repo, f"{_HUB}/{source.repo}") if source.repo else "no"


def _revision(source: SourceFacts) -> str:
    if source.revision is None:
        return NOT_KNOWN
    short = source.revision[:_SHORT]
    if source.repo is None:
        return code(short)
    return link(short, f"{_HUB}/{source.repo}/tree/{source.revision}")


def _digest(digest: str) -> str:
    return code(digest[:_SHORT])


def _license(source: SourceFacts, component: str) -> str:
    if component not in source.licenses:
        return "not published"
    ids = source.licenses[component].split(" AND ")
    stated = " AND ".join(spdx for spdx in ids if spdx != _UNKNOWN_LICENSE)
    unknown = NOT_STATED if _UNKNOWN_LICENSE in ids else ""
    return "; of some ".join(part for part in (inline(stated), unknown) if part)


def _one_source(source: SourceFacts) -> str:
    read = ", ".join(f"{code(name)} {number(n)}" for name, n in sorted(source.n_rows.items()))
    facts = [
        f"Homepage: {link(source.homepage, source.homepage) if source.homepage else NOT_KNOWN}",
        f"DOI: {_doi(source.doi)}",
        f"Rows in the catalog: {read or NOT_KNOWN}",
    ]
    parts = [f"### {inline(source.title)} ({code(source.name)})", bullets(facts)]
    for what, told, otherwise in (
        ("Conditions beyond the licences", source.terms, "none is known."),
        ("Known defects", source.known_issues, "none is recorded, which does not mean none."),
    ):
        listed = f"\n\n{bullets(inline(item) for item in told)}" if told else f" {otherwise}"
        parts.append(f"{what}:{listed}")
    return "\n\n".join(parts)


def _doi(doi: str | None) -> str:
    return link(doi, f"https://doi.org/{doi}") if doi else NOT_KNOWN


def _reasons(steps: Iterable[StepFacts]) -> str:
    rows = [
        (code(step.step), code(step.source), inline(reason), number(n))
        for step in steps
        for reason, n in sorted(step.reasons.items(), key=lambda item: (-item[1], item[0]))
    ]
    if not rows:
        return ""
    head = ("Step", "Source", "Reason", "Rows")
    return "Why rows were rejected or decided against:\n\n" + table(head, rows, numbers=("Rows",))
