"""The parts of the card about people: who judged, and what is published about anyone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.publishing.card.markdown import (
    NOT_STATED,
    bullets,
    code,
    inline,
    number,
    prose,
    table,
)

if TYPE_CHECKING:
    from prefdata.publishing.facts import AnnotatorFacts, DemographicTable, Facts

__all__ = ["annotators_part", "personal_part"]

# The same for everybody who has the source, whatever the key of the pseudonyms.
_ROW_KEYS = ("pair_id", "source_row_id")
_KINDS = {
    "human": "single people",
    "group": "groups of people, whose members the source does not tell apart",
    "model": "models",
    "rule": "rules",
}


def annotators_part(facts: Facts) -> str:
    """Return who judged, how much they agree, and their demographics where groups are large."""
    if not facts.annotators:
        return "Who judged is not known."
    head = ("Source", "Kind", "Annotators", "Pairs", "Votes per comparison", "Alpha")
    rows = [
        (
            code(group.source),
            inline(group.kind),
            number(group.n),
            number(group.n_pairs),
            _decimal(group.votes_per_comparison, 2),
            _decimal(group.alpha, 3),
        )
        for group in facts.annotators
    ]
    kinds = sorted({group.kind for group in facts.annotators})
    explained = "; ".join(f"{code(kind)}: {_KINDS.get(kind, 'not known')}" for kind in kinds)
    described = [
        f"{code(source.name)}: {inline(source.annotators or NOT_STATED)}"
        for source in facts.sources
    ]
    return "\n\n".join(
        (
            table(head, rows, numbers=head[2:]),
            (
                f"Kinds: {explained}. Votes per comparison is the mean number of judgments behind "
                "two responses that are compared. Alpha is Krippendorff's, of which of the two is "
                "preferred, over comparisons with two votes or more; it is not computed where "
                "there are too few of them."
            ),
            "How annotators were found, asked and paid, as far as the sources say:",
            bullets(described) if described else "not known",
            *_demographics(facts),
        )
    )


def personal_part(facts: Facts) -> str:
    """Return what was done about personal data, with counts, and how to ask for removal."""
    privacy = facts.privacy
    said = [_ids(facts), _columns(facts)]
    if privacy.n_removed:
        said.append(f"{number(privacy.n_removed)} pairs were left out because somebody asked.")
    else:
        said.append("No pair had to be left out because somebody asked.")
    kinds = sorted({*privacy.hits, *privacy.scrubbed})
    found = (
        table(
            ("Kind", "Rows it was found in", "Places replaced"),
            (
                (
                    inline(kind),
                    number(privacy.hits.get(kind, 0)),
                    number(privacy.scrubbed.get(kind, 0)),
                )
                for kind in kinds
            ),
            numbers=("Rows it was found in", "Places replaced"),
        )
        if kinds
        else "The patterns for personal data found none in the published texts."
    )
    return "\n\n".join(
        (
            bullets(said),
            found,
            (
                "Patterns find what has a fixed form. They miss most names and places, so nobody "
                "promises that the texts hold no personal data."
            ),
            "How to ask for removal: " + prose(facts.texts.removal, otherwise="not stated."),
        )
    )


def _decimal(value: float | None, digits: int) -> str:
    return "not computed" if value is None else f"{value:.{digits}f}"


def _demographics(facts: Facts) -> list[str]:
    tables = [(group, counted) for group in facts.annotators for counted in group.demographics]
    if not tables:
        return ["No demographics of annotators are published, not even as counts."]
    return [
        "### Demographics of annotators, as counts",
        (
            f"Counts below {number(facts.privacy.k)} are not shown, nor are others from which they "
            "could be worked out."
        ),
        *(_one_table(group, counted) for group, counted in tables),
    ]


def _one_table(group: AnnotatorFacts, counted: DemographicTable) -> str:
    rows = [
        (inline(value) or "(empty)", "not shown" if n is None else number(n))
        for value, n in counted.cells
    ]
    title = f"{code(counted.source)}, {code(counted.column)}, of {number(group.n)} annotators:"
    return f"{title}\n\n{table(('Value', 'Annotators'), rows, numbers=('Annotators',))}"


def _ids(facts: Facts) -> str:
    privacy = facts.privacy
    names = {column.name for config in facts.configs for column in config.columns}
    if not any(name.startswith("annotator") for name in names):
        return "No id of an annotator is published."
    if not privacy.has_pseudonyms:
        return "Ids of annotators are published as the sources give them."
    key = (
        f", whose fingerprint is {code(privacy.key_fingerprint)}" if privacy.key_fingerprint else ""
    )
    told = (
        f"Ids of annotators are pseudonyms: HMAC-SHA256 under a key that is published nowhere{key}."
    )
    if keys := [name for name in _ROW_KEYS if name in names]:
        listed = " and ".join(code(name) for name in keys)
        told += (
            f" They hide ids, not rows: by {listed}, rows can be joined with the sources and with "
            "other versions, and what those say of an annotator is then known here."
        )
    return told


def _columns(facts: Facts) -> str:
    privacy = facts.privacy
    if not privacy.demographics:
        return "Nothing is published about a single annotator besides the judgments."
    listed = ", ".join(code(name) for name in privacy.demographics)
    return (
        f"Published for each annotator: {listed}. Each combination belongs to at least "
        f"{number(privacy.k)} annotators; to reach that, the values of "
        f"{number(privacy.n_suppressed)} of {number(privacy.n_annotators)} were blanked."
    )
