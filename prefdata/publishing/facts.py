"""Everything that the documents of a published dataset say, counted once, before any is written.

All numbers come from the catalog, by SQL, or from the staged files; the documents only word them.
Where something is not known, the field is None or empty, and the card says "not known".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.publishing.findings import Finding

__all__ = [
    "AnnotatorFacts",
    "ColumnFacts",
    "ConfigFacts",
    "DemographicTable",
    "Facts",
    "GeneratorFacts",
    "Obligation",
    "PrivacyFacts",
    "SourceFacts",
    "SplitFacts",
    "StepFacts",
    "Texts",
]


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column of a configuration."""

    name: str
    type: str
    """The Arrow type, such as ``list<struct<role: string, content: string>>``."""
    description: str


@dataclass(frozen=True, slots=True)
class SplitFacts:
    """One split of a configuration."""

    name: str
    rows: int
    size: int
    """Bytes of its files."""
    memory: int
    """Bytes of its rows in memory, uncompressed."""
    files: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class ConfigFacts:
    """One configuration."""

    name: str
    exporter: str
    is_default: bool
    columns: tuple[ColumnFacts, ...]
    splits: tuple[SplitFacts, ...]
    features: tuple[Mapping[str, object], ...]
    """`datasets.Features` in the form of the card's YAML (``Features._to_yaml_list``)."""
    aspects: Mapping[str, int]
    """Aspect to pairs."""
    rules: Mapping[str, int]
    """Rule that made a pair, to pairs."""
    units: Mapping[str, int]
    """Unit of the margin to pairs; pairs without a margin under ``none``."""
    left_out: Mapping[str, int]
    """Why pairs that were selected are not in it (policies, what the format cannot hold), to
    pairs."""
    loses: tuple[str, ...]
    """What the format cannot hold."""
    leaves_out: tuple[str, ...] = ()
    """Columns that the recipe leaves out of the format."""


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One upstream dataset."""

    name: str
    title: str
    homepage: str | None
    repo: str | None
    """Its id on the hub."""
    revision: str | None
    """Revision of the files that were read."""
    n_rows: Mapping[str, int]
    """Canonical table to rows in the catalog."""
    n_rejected: int
    """Raw rows in quarantine."""
    n_pairs: int
    """Pairs that the recipe made of it."""
    n_published: Mapping[str, int]
    """Configuration to pairs."""
    licenses: Mapping[str, str]
    """``prompt``, ``response`` and ``annotation`` to an SPDX id or ``NOASSERTION``; several ids
    joined by `` AND ``."""
    terms: tuple[str, ...]
    citation: str | None
    doi: str | None
    annotators: str | None
    """Who judged, how they were found and asked, in the words of its card here."""
    known_issues: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    """Raw file to SHA-256."""


@dataclass(frozen=True, slots=True)
class GeneratorFacts:
    """One model whose output is published, or that judged."""

    model: str
    component: str
    """``response`` or ``annotation``."""
    n: int
    """Responses or pairs."""
    provider: str | None
    terms: str | None
    """Identifier of the terms in the table of `prefdata.publishing.licences`."""


@dataclass(frozen=True, slots=True)
class StepFacts:
    """One step of the recipe on one source."""

    step: str
    stage: str
    version: int
    source: str
    params: str
    """JSON."""
    rows_in: int
    rows_out: int
    rows_rejected: int
    reasons: Mapping[str, int]
    """Rule under which rows were rejected, or a pair was decided against, to rows."""
    seed: int | None
    fingerprint: str


@dataclass(frozen=True, slots=True)
class DemographicTable:
    """How many annotators have each value of one column; small cells are None."""

    source: str
    column: str
    cells: tuple[tuple[str, int | None], ...]
    """Value and number of annotators; None where it is suppressed."""


@dataclass(frozen=True, slots=True)
class AnnotatorFacts:
    """Who judged the pairs of one source."""

    source: str
    kind: str
    """``human``, ``group``, ``model`` or ``rule``."""
    n: int
    """Annotators behind published pairs."""
    n_pairs: int
    votes_per_comparison: float | None
    """Mean number of judgments behind a comparison."""
    alpha: float | None
    """Krippendorff's alpha of which of two is preferred, over comparisons with two votes or more;
    None where there are fewer than 30 such comparisons."""
    demographics: tuple[DemographicTable, ...] = ()


@dataclass(frozen=True, slots=True)
class PrivacyFacts:
    """What was done about personal data."""

    has_pseudonyms: bool
    key_fingerprint: str | None
    """First digits of the SHA-256 of the key; the key itself is written nowhere."""
    demographics: tuple[str, ...]
    """Columns that are published for each annotator."""
    k: int
    n_annotators: int
    n_suppressed: int
    """Annotators whose demographics were blanked to reach k."""
    hits: Mapping[str, int]
    """Kind of personal data to rows it was found in, before scrubbing."""
    scrubbed: Mapping[str, int]
    """Kind to places that were replaced."""
    n_removed: int
    """Pairs left out because somebody asked for it."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something that whoever uses or passes on the data must do."""

    name: str
    """Short, such as ``Attribution: PRISM``."""
    text: str
    applies_to: tuple[str, ...]
    """Sources, models or components."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What only people can say; the recipe gives it, and what is missing is told as missing."""

    title: str
    summary: str = ""
    uses: str = ""
    out_of_scope: str = ""
    biases: str = ""
    content_warning: str = ""
    contact: str = ""
    removal: str = ""
    """How to ask for removal."""
    changelog: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    homepage: str = ""
    gate_prompt: str = ""
    gate_fields: Mapping[str, str] = field(default_factory=dict)
    """Label to ``text``, ``country``, ``date_picker`` or ``checkbox``."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it."""

    repo_id: str | None
    version: str
    """Tag of the publication, such as ``v1.0.0``."""
    license: str
    """SPDX id, or several joined by `` AND ``."""
    texts: Texts
    configs: tuple[ConfigFacts, ...]
    sources: tuple[SourceFacts, ...]
    generators: tuple[GeneratorFacts, ...]
    steps: tuple[StepFacts, ...]
    annotators: tuple[AnnotatorFacts, ...]
    privacy: PrivacyFacts
    obligations: tuple[Obligation, ...]
    findings: tuple[Finding, ...]
    """Warnings and notices; a refusal publishes nothing."""
    accepted: Mapping[str, str]
    """Source whose unknown licence was accepted, to the reason."""
    languages: Mapping[str, int]
    """Language code to prompts."""
    tags: tuple[str, ...]
    recipe: str
    recipe_digest: str
    seed: int
    versions: Mapping[str, str]
    """Library to version."""
