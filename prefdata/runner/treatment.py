"""What happens to pairs on their way from the catalog to a format: hidden, scrubbed, tested."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.core.errors import DataError, UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prefdata.privacy.pseudonyms import Key, Pseudonyms
    from prefdata.privacy.scrub import Scrubber
    from prefdata.protocols import Exporter, Trainability
    from prefdata.trainability.audit import Auditor

__all__ = ["Treated", "Treatment", "scrub_kinds"]

_KIND = "annotator_kind"


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is asked for."""

    key: Key | None = None
    """Hides who people are behind pseudonyms; ids stay when None."""
    demographics: pl.DataFrame | None = None
    """``annotator_id`` as in the catalog, and ``annotator_<name>`` columns that pairs get."""
    scrubs: tuple[str, ...] | None = None
    """Kinds of personal data that placeholders replace; all kinds when empty, none when None."""
    keeps: tuple[str, ...] = ()
    """Pairs whose texts stay as they are."""
    trainability: Trainability | None = None
    """Tokenizer and lengths that pairs must survive; not looked at when None."""
    is_strict: bool = False
    """Whether a pair that the format cannot hold is an error."""


class Treated:
    """Treats a stream of frames, and counts what it did."""

    def __init__(self, treatment: Treatment, found: Exporter, settings: Any, *, where: str) -> None:
        """Take what to do, and for which format.

        Raises:
            MissingExtraError: If the tokenizer needs a library that is not installed.
            UserError: If there is no such kind of personal data.
        """
        self._treatment = treatment
        self._found = found
        self._settings = settings
        self._where = where
        self._scrubber = _scrubber(treatment.scrubs)
        self._auditor = _auditor(treatment.trainability)
        self._pseudonyms = _pseudonyms(treatment.key)
        self._out: list[pl.DataFrame] = []
        self.rows = 0
        """Pairs that the format was given."""

    @property
    def more(self) -> tuple[str, ...]:
        """Columns that frames need besides."""
        hides = self._treatment.key is not None
        return tuple(dict.fromkeys((*self._found.more, *((_KIND,) if hides else ()))))

    @property
    def left_out(self) -> dict[str, int]:
        """Pairs that did not come through, by reason."""
        return _counted(self._out)

    @property
    def found(self) -> dict[str, int]:
        """Pairs by what the trainability audit found in them, left out or not."""
        return {} if self._auditor is None else dict(self._auditor.counts)

    @property
    def scrubbed(self) -> dict[str, int]:
        """Places that were replaced, by kind of personal data."""
        return {} if self._scrubber is None else dict(self._scrubber.counts)

    @property
    def scrubbed_rows(self) -> dict[str, int]:
        """Pairs with such places, by kind of personal data."""
        return {} if self._scrubber is None else dict(self._scrubber.rows)

    def rejected(self) -> pl.DataFrame:
        """Return pair_id and reason of each pair that did not come through."""
        nothing = pl.DataFrame(schema={"pair_id": pl.String, "reason": pl.String})
        return pl.concat([nothing, *self._out])

    def apply(self, frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Yield the frames as the format gets them, without those that it cannot hold.

        Raises:
            DataError: If it cannot hold one, and that is to be an error.
        """
        for frame in frames:
            kept = self._tested(self._scrubbed(self._hidden(frame)))
            if kept.height:
                self.rows += kept.height
                yield kept

    def _hidden(self, frame: pl.DataFrame) -> pl.DataFrame:
        who = self._treatment.demographics
        if who is not None:
            # Beside the frame, since a join of all its columns would copy the texts.
            told = frame.select("annotator_id").join(
                who, on="annotator_id", how="left", maintain_order="left", validate="m:1"
            )
            frame = frame.with_columns(told.drop("annotator_id").get_columns())
        if self._pseudonyms is None:
            return frame
        names = self._pseudonyms.of(frame["source"], frame["annotator_id"])
        is_person = pl.col(_KIND) == "human"
        hidden = frame.with_columns(
            annotator_id=pl.when(is_person).then(names).otherwise("annotator_id")
        )
        return hidden if _KIND in self._found.more else hidden.drop(_KIND)

    def _scrubbed(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self._scrubber is None:
            return frame
        is_kept = pl.col("pair_id").is_in(self._treatment.keeps)
        if not self._treatment.keeps or frame.filter(is_kept).is_empty():
            return self._scrubber.scrub(frame)
        parts = [frame.filter(is_kept), self._scrubber.scrub(frame.filter(~is_kept))]
        return pl.concat(parts).sort("pair_id")

    def _tested(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self._found.unfit is not None:
            frame = self._without(frame, self._found.unfit(frame, self._settings).alias("reason"))
        if self._auditor is None or frame.is_empty():
            return frame
        from prefdata.trainability.flags import FATAL

        flags = self._auditor.audit(frame)
        asked = self._treatment.trainability
        if asked is None or not asked.drop:
            return frame
        first = (
            flags.filter(pl.col("flag").is_in(sorted(FATAL)))
            .unique("pair_id", keep="first", maintain_order=True)
            .select("pair_id", reason="flag")
        )
        joined = frame.select("pair_id").join(
            first, on="pair_id", how="left", maintain_order="left"
        )
        return self._without(frame, joined["reason"], is_error=False)

    def _without(
        self, frame: pl.DataFrame, reasons: pl.Series, *, is_error: bool | None = None
    ) -> pl.DataFrame:
        """Take out the pairs that have a reason."""
        out = frame.select("pair_id", reason=reasons).filter(pl.col("reason").is_not_null())
        if out.is_empty():
            return frame
        if self._treatment.is_strict if is_error is None else is_error:
            raise _unfit(self._found.name, out, where=self._where)
        self._out.append(out)
        return frame.filter(reasons.is_null())


def _pseudonyms(key: Key | None) -> Pseudonyms | None:
    if key is None:
        return None
    from prefdata.privacy.pseudonyms import Pseudonyms

    return Pseudonyms(key)


def _scrubber(kinds: tuple[str, ...] | None) -> Scrubber | None:
    if kinds is None:
        return None
    from prefdata.privacy.scrub import Scrubber

    return Scrubber(kinds or None)


def _auditor(asked: Trainability | None) -> Auditor | None:
    if asked is None:
        return None
    from prefdata.trainability.audit import Auditor

    return Auditor(asked)


def _counted(frames: list[pl.DataFrame]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for frame in frames:
        counts.update(dict(frame["reason"].value_counts().iter_rows()))
    return dict(sorted(counts.items()))


def _unfit(name: str, out: pl.DataFrame, *, where: str) -> DataError:
    pair, reason = out.row(0)
    return DataError(
        f"The format {name} cannot hold the pair {pair}: {reason}.",
        where=where,
        fix=f"Look at it: prefdata why {pair[:12]}. Leave such pairs out with the decisions of "
        "select-pairs, or with `unfit: leave-out`, which counts them.",
    )


def scrub_kinds(asked: bool | tuple[str, ...]) -> tuple[str, ...] | None:  # noqa: FBT001 - a recipe
    """Return the kinds that a recipe asks to scrub, as `Treatment.scrubs` has them.

    Raises:
        UserError: If it names none.
    """
    if asked is True:
        return ()
    if asked is False:
        return None
    if not asked:
        raise UserError(
            "`scrub` names no kind of personal data.",
            where="scrub: []",
            fix="Write `scrub: true` for all kinds, or `scrub: false`.",
        )
    return asked
