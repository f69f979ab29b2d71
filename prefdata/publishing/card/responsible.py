"""The terms of Croissant RAI: how the data came about, and who labelled it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefdata.publishing.facts import AnnotatorFacts, Facts

__all__ = ["responsible_terms"]

_NOT_STATED = "Not stated."
_PLATFORM = "Not known beyond what rai:dataAnnotationProtocol says."


def responsible_terms(facts: Facts) -> dict[str, Any]:
    """Return the terms that there is something to say for; the others are left out.

    References:
        MLCommons, *Croissant RAI specification* 1.0. Its prose says ``annotationPlatform``; the
        property is ``rai:dataAnnotationPlatform``.
    """
    texts, privacy = facts.texts, facts.privacy
    sources = [
        f"{source.title}: {source.annotators}" for source in facts.sources if source.annotators
    ]
    terms: dict[str, Any] = {
        "rai:dataCollection": _collection(facts),
        "rai:dataCollectionType": ["Secondary Data analysis"],
        "rai:dataManipulationProtocol": _steps(facts),
        "rai:dataPreprocessingProtocol": [
            f"{step.step} ({step.stage} version {step.version}) on {step.source}: "
            f"{step.rows_in} rows in, {step.rows_out} out, {step.rows_rejected} rejected"
            for step in facts.steps
        ],
        "rai:dataAnnotationProtocol": sources,
        "rai:dataAnnotationPlatform": [_PLATFORM],
        "rai:dataAnnotationAnalysis": [
            _agreement(group) for group in facts.annotators if group.alpha is not None
        ],
        "rai:annotationsPerItem": _votes(facts),
        "rai:annotatorDemographics": _demographics(facts),
        "rai:machineAnnotationTools": [
            made.model for made in facts.generators if made.component == "annotation"
        ],
        "rai:dataBiases": [texts.biases.strip() or _NOT_STATED],
        "rai:dataLimitations": [
            *([texts.out_of_scope.strip()] if texts.out_of_scope.strip() else []),
            *(
                f"{source.title}: {issue}"
                for source in facts.sources
                for issue in source.known_issues
            ),
        ],
        "rai:dataUseCases": [texts.uses.strip()] if texts.uses.strip() else [],
        "rai:personalSensitiveInformation": [
            *(f"{kind}: found in {n} rows" for kind, n in sorted(privacy.hits.items())),
            *(f"{kind}: {n} places replaced" for kind, n in sorted(privacy.scrubbed.items())),
            *(f"published for each annotator: {name}" for name in privacy.demographics),
        ],
        "rai:dataReleaseMaintenancePlan": _maintenance(facts),
    }
    return {name: value for name, value in terms.items() if value not in ([], "")}


def _collection(facts: Facts) -> str:
    names = ", ".join(source.title for source in facts.sources) or "no named source"
    return f"Derived from published datasets: {names}. No data was collected anew."


def _steps(facts: Facts) -> str:
    return (
        f"Recipe {facts.recipe}, digest {facts.recipe_digest}, seed {facts.seed}; "
        "provenance.jsonl lists each step with its parameters."
    )


def _agreement(group: AnnotatorFacts) -> str:
    return f"{group.source}, {group.kind}: Krippendorff's alpha {group.alpha:.3f}"


def _votes(facts: Facts) -> str:
    return "; ".join(
        f"{group.source}, {group.kind}: {group.votes_per_comparison:.2f} per comparison on average"
        for group in facts.annotators
        if group.votes_per_comparison is not None
    )


def _demographics(facts: Facts) -> list[str]:
    return [
        f"{counted.source}, {counted.column}: "
        + ", ".join(f"{value} {'not shown' if n is None else n}" for value, n in counted.cells)
        for group in facts.annotators
        for counted in group.demographics
    ]


def _maintenance(facts: Facts) -> str:
    texts = facts.texts
    said = [f"Version {facts.version}."]
    if texts.contact.strip():
        said.append(f"Contact: {texts.contact.strip()}")
    if texts.removal.strip():
        said.append(f"Removal: {texts.removal.strip()}")
    return " ".join(said)
