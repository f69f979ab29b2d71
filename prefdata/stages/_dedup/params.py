"""Parameters of `dedup`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from prefdata.metrics.minhash import bands_for
from prefdata.protocols import EmbedderParams, Outside, Params
from prefdata.texts.views import VIEWS, view_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["READS", "Dedup", "Method", "Subject"]

Subject = Literal["prompts", "responses", "pairs"]
Method = Literal["exact", "near", "semantic"]

READS: Mapping[Subject, tuple[str, ...]] = {
    "prompts": ("prompts", "judgments"),
    "responses": ("responses", "judgments"),
    "pairs": ("pairs", "prompts", "responses"),
}
_NEAR, _SEMANTIC = 0.7, 0.95


class Dedup(Params):
    """Parameters of `dedup`."""

    subject: Subject = Field(
        default="prompts", description="What is compared: prompts, responses, or pairs."
    )
    method: Method = Field(
        default="near",
        description="`exact`: equal after normalisation. `near`: alike in wording, or equal. "
        "`semantic`: alike in meaning, or equal.",
    )
    view: str | None = Field(
        default=None,
        description="What of a prompt is compared: `conversation` (all messages; the default of "
        "`exact` and `near`), `user` (all that the user said; the default of `semantic`) or "
        "`last` (the message to answer).",
    )
    within: Literal["catalog", "source"] = Field(
        default="catalog", description="Compare rows of all sources, or those of one source only."
    )
    against: str | None = Field(
        default=None,
        description="A tag or snapshot: rows that it holds are old, are never flagged, and stand "
        "for their cluster. New rows are compared with old ones and with each other.",
    )
    unicode: bool = Field(
        default=True, description="Ignore Unicode's compatible spellings, such as ligatures (NFKC)."
    )
    case: bool = Field(default=True, description="Ignore upper and lower case.")
    space: bool = Field(default=True, description="Ignore how much and which white space there is.")
    threshold: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Least similarity of duplicates: Jaccard of `near` (0.7 by default), cosine "
        "of `semantic` (0.95 by default).",
    )
    shingle: Literal["characters", "words"] = Field(
        default="characters",
        description="What the wording is cut into: runs of characters, punctuation left out, "
        "which also serves short texts; or runs of words, as other tools do.",
    )
    shingle_size: int = Field(
        default=5, ge=1, le=100, description="Characters or words in a shingle."
    )
    n_permutations: int = Field(
        default=128, ge=1, le=4096, description="Values in a MinHash signature."
    )
    bands: int | None = Field(
        default=None,
        ge=1,
        description="Bands of a signature; by default so many that 95 % of the pairs at the "
        "threshold are found, and more of those above it.",
    )
    rows: int | None = Field(default=None, ge=1, description="Values in a band.")
    verify: bool = Field(
        default=True,
        description="Keep only pairs whose exact similarity reaches the threshold. Without, what "
        "shares a band is a duplicate, as in other tools.",
    )
    min_containment: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Also keep a pair when one text holds at least this share of the other's "
        "shingles. Such pairs are found only if they share a band.",
    )
    n_neighbors: int = Field(
        default=20,
        ge=1,
        description="Of `semantic`: most neighbors that each text is linked to, the nearest first.",
    )
    model: EmbedderParams = Field(
        default_factory=EmbedderParams,
        description="Of `semantic`: the embedder, by name or by parameters.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse views that the subject has not, and bands that the signature has not."""
        if self.method == "exact" and self.threshold is not None:
            message = "`threshold` belongs to `near` and `semantic`; equal is equal"
            raise ValueError(message)
        if self.view is not None:
            known = VIEWS["responses" if self.subject == "responses" else "prompts"]
            if self.view not in known:
                message = f"{self.subject} have no view {self.view!r}; known: {', '.join(known)}"
                raise ValueError(message)
        bands, rows = self.banding
        if not 0 < bands * rows <= self.n_permutations:
            message = f"{bands} bands of {rows} rows need {bands * rows} permutations"
            raise ValueError(message)
        return self

    @property
    def least(self) -> float:
        """The threshold, or the default of the method."""
        if self.threshold is not None:
            return self.threshold
        return _SEMANTIC if self.method == "semantic" else _NEAR

    @property
    def banding(self) -> tuple[int, int]:
        """Bands and rows, as given or as the threshold wants them."""
        if self.bands is not None:
            return self.bands, self.rows or self.n_permutations // self.bands
        if self.rows is not None:
            return self.n_permutations // self.rows, self.rows
        return bands_for(self.least, self.n_permutations)

    @property
    def prompt_view(self) -> str:
        """The view of prompts; wording counts whole, and vectors of the usual view are shared."""
        default = None if self.method == "semantic" else "conversation"
        return view_of("prompts", self.view or default)

    def outside(self) -> Outside:
        """Name the snapshot and the model."""
        return Outside(
            models=(self.model,) if self.method == "semantic" else (),
            snapshots=() if self.against is None else (self.against,),
        )

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Read what the subject needs."""
        return tuple(table for table in declared if table in READS[self.subject])
