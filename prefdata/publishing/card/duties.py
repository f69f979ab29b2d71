"""The parts of the card about what users owe, may expect, and whom they can ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.publishing.card.citation import dataset_citation
from prefdata.publishing.card.markdown import bullets, code, fenced, inline, prose, table

if TYPE_CHECKING:
    from prefdata.publishing.facts import Facts

__all__ = ["citation_part", "contact_part", "licence_part", "uses_part", "versions_part"]

_MISSING = "Not stated."


def licence_part(facts: Facts) -> str:
    """Return the licence, what whoever uses the data must do, and what the checks said."""
    parts = [
        (
            f"The whole is published under {inline(facts.license)}. Prompts, responses and "
            "annotations keep the licences of their sources: [LICENSES.md](LICENSES.md) lists "
            "them, [NOTICE](NOTICE) holds what must be passed on. None of this is legal advice."
        ),
        _obligations(facts),
    ]
    if facts.accepted:
        accepted = [
            f"{code(source)}: {inline(reason)}" for source, reason in sorted(facts.accepted.items())
        ]
        parts.append(
            "Sources whose licence is unknown, and the reason why they are published all the "
            f"same:\n\n{bullets(accepted)}"
        )
    if facts.findings:
        rows = [
            (code(found.code), inline(found.level), inline(found.where), inline(found.what))
            for found in facts.findings
        ]
        checks = table(("Code", "Level", "Where", "What"), rows)
        parts.append(f"What the checks before publishing said:\n\n{checks}")
    else:
        parts.append("The checks before publishing found nothing to say.")
    return "\n\n".join(parts)


def uses_part(facts: Facts) -> str:
    """Return uses, what is out of scope, biases, and the content warning."""
    texts = facts.texts
    told = (
        ("Uses", texts.uses),
        ("Out of scope", texts.out_of_scope),
        ("Biases and limits", texts.biases),
        ("Content warning", texts.content_warning),
    )
    return "\n\n".join(f"### {what}\n\n{prose(text, otherwise=_MISSING)}" for what, text in told)


def versions_part(facts: Facts) -> str:
    """Return the version and its history."""
    place = (
        f"The tag {code(facts.version)} of the repository points to the commit of this version."
        if facts.repo_id
        else "It is not in a repository."
    )
    history = (
        bullets(inline(line) for line in facts.texts.changelog)
        if facts.texts.changelog
        else "No changes are listed."
    )
    return f"This is version {code(facts.version)}. {place}\n\n{history}"


def citation_part(facts: Facts) -> str:
    """Return how to cite the dataset and each source."""
    parts = [
        "[CITATION.cff](CITATION.cff) has all of this for machines. This dataset:",
        fenced(dataset_citation(facts), "bibtex"),
        "Its sources, each of which wants to be cited too:",
    ]
    texts: dict[str, list[str]] = {}
    for source in facts.sources:
        if source.citation:
            texts.setdefault(source.citation.strip(), []).append(code(source.name))
    for text, names in texts.items():
        language = "bibtex" if text.startswith("@") else "text"
        parts.append(f"{', '.join(names)}:\n\n{fenced(text, language)}")
    missing = [code(source.name) for source in facts.sources if not source.citation]
    if missing:
        parts.append(f"No citation is known of {', '.join(missing)}.")
    return "\n\n".join(parts)


def contact_part(facts: Facts) -> str:
    """Return whom to ask."""
    return prose(facts.texts.contact, otherwise=_MISSING)


def _obligations(facts: Facts) -> str:
    if not facts.obligations:
        return "No obligation is known beyond the licences."
    told = [
        f"**{inline(owed.name)}** ({', '.join(inline(one) for one in owed.applies_to)}): "
        f"{inline(owed.text)}"
        if owed.applies_to
        else f"**{inline(owed.name)}**: {inline(owed.text)}"
        for owed in facts.obligations
    ]
    return f"What whoever uses the data or passes it on must do:\n\n{bullets(told)}"
