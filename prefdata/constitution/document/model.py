"""What a constitution says, as its file holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import polars as pl
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from prefdata.constitution.names import principle_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Document", "DocumentPrinciple", "Reconstruction"]

Sentence = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=2000),
]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Strength = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DocumentPrinciple(_Part):
    """One principle of a constitution; who writes one by hand gives its sentence alone."""

    rank: Annotated[int, Field(strict=True, ge=1)]
    """Its place, the one that explains most first; by default the order in the file."""
    principle_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    """As in ``principles``; by default that of the sentence."""
    sentence: Sentence
    """The principle as it holds here, in words."""
    opposite: Sentence | None = None
    """Its other end as words, where it has one."""
    is_opposite: bool = Field(default=False, strict=True)
    """Whether ``sentence`` is the other end of what ``principle_id`` names: with True, the votes of
    the principle speak for the other response."""
    name: str | None = None
    """Of a factor in the catalogue, or of a principle in a list."""
    origin: Literal["catalogue", "model", "given"] = "given"
    weight: Number | None = None
    """Log-odds that its vote adds, beside the others; null where nobody measured it."""
    strength: Strength | None = None
    low: Strength | None = None
    """Lower end of the 95 % interval of the strength."""
    high: Strength | None = None
    accuracy: Share | None = None
    """Share of decisive labels that agree with it, on held-out prompts."""
    n_labels: Count | None = None
    frequency: Share | None = None
    """Share of half-samples in which it is chosen."""


class Reconstruction(_Part):
    """How well one way to foretell labels does on prompts that had no part in it."""

    predictor: Annotated[str, Field(min_length=1)]
    """As in ``reconstructions``: ``constitution``, ``length``, ``all-principles`` …"""
    scheme: str | None = None
    n_principles: Count | None = None
    n_labels: Count | None = None
    accuracy: Share | None = None
    low: Share | None = None
    high: Share | None = None
    log_loss: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    auc: Share | None = None


class Document(_Part):
    """The constitution of one group, with what its figures rest on."""

    version: Literal[1] = 1
    """Of this form of file."""
    source: str | None = None
    """The dataset whose labels it explains; null where somebody wrote it."""
    group_by: str = "all"
    group_value: str = "all"
    snapshot: str | None = None
    """The snapshot of the catalog that it was made from."""
    verdict: Literal["holds", "nothing-holds", "too-few"] | None = None
    """As in ``reconstructions``; null where nobody measured it."""
    why: str | None = None
    """What the verdict rests on."""
    reconstruction: tuple[Reconstruction, ...] = ()
    principles: tuple[DocumentPrinciple, ...] = ()

    @field_validator("principles", mode="before")
    @classmethod
    def _written_by_hand(cls, value: Any) -> Any:
        """Let a principle be its sentence alone, and fill in what follows from it."""
        return list(_filled(value)) if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.principles and self.verdict not in {"nothing-holds", "too-few"}:
            message = "there are no principles; without any, the verdict is nothing-holds"
            raise ValueError(message)
        if self.principles and self.verdict in {"nothing-holds", "too-few"}:
            message = f"the verdict is {self.verdict}, and yet there are principles"
            raise ValueError(message)
        named = [one.principle_id for one in self.principles]
        if len(set(named)) < len(named):
            twice = next(one for one in self.principles if named.count(one.principle_id) > 1)
            message = f"a principle stands there twice: {twice.sentence!r}"
            raise ValueError(message)
        ranks = [one.rank for one in self.principles]
        if sorted(set(ranks)) != ranks:
            message = "the ranks of the principles do not rise"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _ids_are_those_of_the_words(self) -> Self:
        words = [one.opposite if one.is_opposite else one.sentence for one in self.principles]
        for one, known in zip(self.principles, _ids(words), strict=True):
            # An opposite that nobody put into words has no id that could be compared.
            if known is not None and known != one.principle_id:
                message = (
                    f"the words of principle {one.rank} were changed, and its principle_id was "
                    "not; remove the line of the id, and that of is_opposite"
                )
                raise ValueError(message)
        return self


def _filled(items: Sequence[Any]) -> Iterator[Any]:
    """Yield principles with rank and id; what cannot be one goes on to be refused."""
    for number, item in enumerate(items, 1):
        entry = {"sentence": item} if isinstance(item, str) else item
        if not isinstance(entry, dict):
            yield entry
            continue
        end = entry.get("opposite" if entry.get("is_opposite") is True else "sentence")
        name = _ids([end])[0] if isinstance(end, str) and end.strip() else None
        given = {key: value for key, value in entry.items() if value is not None}
        yield {"rank": number, **({} if name is None else {"principle_id": name}), **given}


def _ids(words: Sequence[str | None]) -> list[str | None]:
    return principle_id(pl.Series(words, dtype=pl.String)).to_list()
