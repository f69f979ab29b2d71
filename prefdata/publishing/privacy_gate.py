"""The privacy gate: what must not leave the house, looked for in the very files that would.

It reads what is staged, not what the recipe says was done, so a step that was forgotten or that
failed is found. Its codes:

- P001: personal data in texts. Refused for what `patterns.yaml` calls so (e-mail addresses, credit
  cards, IBANs, credentials), told for the rest.
- P002: annotators who can be recognised by their demographics; told: sensitive values that follow
  from the others.
- P003: ids of real annotators.
- P004: what annotators say of themselves.
- P005: demographics without a gate.
- P006: rows whose removal was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from prefdata.privacy.removals import asked
from prefdata.publishing._privacy_gate.hits import Hits
from prefdata.publishing._privacy_gate.people import People
from prefdata.publishing._privacy_gate.raw_ids import RawIds
from prefdata.publishing._privacy_gate.staged import leaves, pieces
from prefdata.publishing.findings import Finding, ordered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from prefdata.publishing._privacy_gate.staged import Leaf, Piece

__all__ = ["PrivacyRules", "check_privacy"]

# Staged column to the table whose keys it holds.
_KEYS = {
    "pair_id": ("pairs",),
    "prompt_id": ("prompts",),
    "chosen_id": ("responses",),
    "rejected_id": ("responses",),
    "response_id": ("responses",),
    "judgment_id": ("judgments",),
    "conversation_id": ("conversations",),
    "source_row_id": ("prompts", "pairs"),
}


@dataclass(frozen=True, slots=True)
class PrivacyRules:
    """What the gate holds the files against."""

    k: int = 10
    """Least number of annotators who share their demographics."""
    gate_prompt: str = ""
    """What users must agree to before they get the data; empty where there is no gate."""
    demographics: tuple[str, ...] = ()
    """Columns that are demographics here, besides those that are known to be."""
    sensitive: tuple[str, ...] = ("religion", "ethnicity", "politics")
    """Columns whose values should differ among annotators who look alike."""
    kinds: tuple[str, ...] | None = None
    """Kinds of personal data to look for in texts; all when None."""
    columns: tuple[str, ...] | None = None
    """Columns whose texts are looked at; all when None."""
    allow: frozenset[str] = field(default_factory=frozenset)
    """Rows that may hold what looks like personal data: their pair_id, prompt_id, judgment_id,
    rationale_id, id or source_row_id, or ``<name of the staged file>#<row>``."""
    person: str = "annotator_id"
    """Staged column that names the annotator."""


def check_privacy(
    configs: Mapping[str, Sequence[Path]],
    rules: PrivacyRules,
    *,
    raw_ids: pl.Series,
    pseudonyms: pl.Series | None = None,
    removals: pl.DataFrame | None = None,
    documents: Sequence[Path] = (),
) -> list[Finding]:
    """Look for what must not be published in staged files.

    Each file is read once, in pieces of 20,000 rows.

    Args:
        configs: Configuration to its staged files: Parquet or JSON lines; of others the lines are
            read as texts.
        rules: What is held against them.
        raw_ids: Ids of the human annotators of all sources in it, as in the catalog. Neither they
            nor the native ids in them may be found.
        pseudonyms: What stands for `raw_ids` in the files, in the same order; None where nothing
            does.
        removals: Columns subject and id: all rows that are to go, those that hang on others
            (`prefdata.privacy.removals.follow`) included.
        documents: Other files that are staged, such as the card.

    Returns:
        Findings, the worst first.

    Raises:
        OSError: If a file cannot be read.
    """
    hits = Hits(rules.kinds, rules.allow)
    people = People(rules.demographics, rules.person)
    ids = _Ids(RawIds(raw_ids))
    gone = _Gone(removals, raw_ids, pseudonyms, rules.person)
    for piece in pieces(configs):
        strings = list(leaves(piece.frame))
        is_wanted = [rules.columns is None or leaf.column in rules.columns for leaf in strings]
        hits.add(piece, [leaf for leaf, wanted in zip(strings, is_wanted, strict=True) if wanted])
        people.add(piece, strings)
        ids.add(piece, strings)
        gone.add(piece)
    for path in documents:
        ids.add_document(path)
    return ordered(
        [
            *hits.findings(),
            *people.findings(rules.k, rules.sensitive, rules.gate_prompt),
            *ids.findings(),
            *gone.findings(),
        ]
    )


class _Ids:
    """Where ids of real annotators were found (P003)."""

    def __init__(self, raw: RawIds) -> None:
        self._raw = raw
        self._found: dict[str, int] = {}
        self._documents: dict[str, int] = {}

    def add(self, piece: Piece, strings: Sequence[Leaf]) -> None:
        for leaf, rows in zip(strings, self._raw.rows(strings), strict=True):
            if n := len(rows):
                place = f"{piece.config}: {'.'.join(leaf.path)}"
                self._found[place] = self._found.get(place, 0) + n

    def add_document(self, path: Path) -> None:
        if n := self._raw.lines(path.read_text(encoding="utf-8", errors="replace")):
            self._documents[path.name] = n

    def findings(self) -> list[Finding]:
        columns = "Publish pseudonyms; leave out ids that are made of the annotator's."
        words = "Take them out of what the recipe says, or out of the card that is there already."
        return [
            Finding(
                code="P003",
                level="refuse",
                what=f"Ids of real annotators stand in {n:,} {unit}{'' if n == 1 else 's'}.",
                where=place,
                fix=fix,
                n=n,
            )
            for found, unit, fix in (
                (self._found, "place", columns),
                (self._documents, "line", words),
            )
            for place, n in found.items()
        ]


class _Gone:
    """Rows that are staged though their removal was asked for (P006)."""

    def __init__(
        self,
        removals: pl.DataFrame | None,
        raw_ids: pl.Series,
        pseudonyms: pl.Series | None,
        person: str,
    ) -> None:
        self._removals = removals if removals is not None and removals.height else None
        self._person = person
        self._people = pl.Series([], dtype=pl.String)
        if self._removals is not None:
            is_gone = asked(raw_ids, self._removals, "annotators")
            names = [raw_ids, *([] if pseudonyms is None else [pseudonyms])]
            self._people = pl.concat([one.cast(pl.String).filter(is_gone) for one in names])
        self._found: dict[str, int] = {}
        self._unseen: set[str] = set()

    def add(self, piece: Piece) -> None:
        if self._removals is None:
            return
        frame, keys = piece.frame, [name for name in _KEYS if name in piece.frame.columns]
        # Without the key of the row itself nobody can tell here whether it should have gone.
        if not {"pair_id", "source_row_id", "prompt_id"} & set(keys):
            self._unseen.add(piece.config)
        is_gone = pl.repeat(value=False, n=frame.height, eager=True)
        for name in keys:
            for subject in _KEYS[name]:
                is_gone |= asked(frame[name].cast(pl.String), self._removals, subject)
        if self._person in frame.columns:
            named = frame[self._person].cast(pl.String).is_in(self._people.implode())
            is_gone |= named.fill_null(value=False)
        if n := int(is_gone.sum()):
            self._found[piece.config] = self._found.get(piece.config, 0) + n

    def findings(self) -> list[Finding]:
        found = [
            Finding(
                code="P006",
                level="refuse",
                what=f"{n:,} rows are staged whose removal was asked for.",
                where=config,
                fix="Name the list of removals in the recipe, and publish again.",
                n=n,
            )
            for config, n in self._found.items()
        ]
        unseen = [
            Finding(
                code="P006",
                level="warn",
                what="The format holds no ids, so nobody can see in the files whether the list of "
                "removals was applied.",
                where=config,
                fix="Publish the ids as well, or rely on what the export reports.",
            )
            for config in sorted(self._unseen)
        ]
        return found + unseen
