"""The dataset formats of TRL: preference, unpaired preference and prompt-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from prefdata.core.errors import DataError, UserError
from prefdata.exporters._files import Kinds, formats_of, split_files
from prefdata.exporters._rationales import One, kept
from prefdata.protocols import Params, exporter
from prefdata.tables.identity import hash_messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Trl", "trl"]

_READ = {
    "explicit": ("prompt", "chosen", "rejected"),
    "implicit": ("chosen", "rejected"),
    "unpaired": ("prompt", "chosen", "rejected"),
    "prompt-only": ("prompt",),
}
_TOLD = ("rationale", "rationale_kind", "rationale_origin", "rationale_chosen")
_ROLES = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}


class Trl(Params):
    """Parameters of `trl`."""

    kind: Literal["explicit", "implicit", "unpaired", "prompt-only"] = Field(
        default="explicit",
        description="`explicit`: prompt, chosen, rejected (DPO and its kin). `implicit`: chosen "
        "and rejected as whole conversations (reward models). `unpaired`: prompt, completion, "
        "label (KTO, BCO). `prompt-only`: each prompt once (online methods).",
    )
    messages: bool = Field(
        default=True,
        description="Conversations, or strings. Strings hold one user and one assistant turn.",
    )
    file: Kinds = Field(default="parquet", description="Kind of file that each split gets.")
    with_margin: bool = Field(
        default=False,
        description="Add `margin` to each pair, 0.0 where there is none: TRL reads it from every "
        "row or from no row.",
    )
    rationale: One = Field(
        default="any",
        description="Where the export names a step of rationales: which one a pair gets. `any`: "
        "of those that passed the first of specific, general, feedback, reason.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse parameters that contradict each other."""
        if self.kind == "implicit" and not self.messages:
            message = "kind: implicit needs messages: true; strings would lose where the answer is"
            raise ValueError(message)
        if self.with_margin and self.kind not in {"explicit", "implicit"}:
            message = "with_margin needs pairs: kind: explicit or implicit"
            raise ValueError(message)
        return self


@exporter(
    version=1,
    params=Trl,
    rationales="welcome",
    loses=(
        "who preferred it: annotator_id, n_votes, aspect, strength",
        "where it is from: pair_id, prompt_id, source, subset, language",
        "which models answered: chosen_model, rejected_model",
        "the unit of the margin",
        "rationales, where they are asked for, but one of each pair; pairs without one stay",
    ),
)
def trl(frames: Iterator[pl.DataFrame], out: Path, params: Trl) -> list[Path]:
    """Write ``<split>.parquet`` or ``<split>.jsonl`` in a dataset format of TRL.

    A pair without a split goes to ``train``. ``unpaired`` writes two rows for each pair, as
    TRL's own `unpair_preference_dataset` does, so a response in several pairs comes several
    times. ``prompt-only`` writes prompts with equal words once, where they come first.

    Where the export names a step of rationales, pairs get the columns ``rationale``,
    ``rationale_kind``, ``rationale_origin`` and ``rationale_chosen``: the handle, X or Y, that the
    text gives the chosen response. They are null where no rationale passed. No trainer of TRL reads
    them; `rationale-sft` makes a set that one does.

    Raises:
        DataError: If a list of messages that TRL needs is empty: TRL looks at its first message.
        UserError: If strings are asked for, and a pair has more than one turn, or another role
            than user and assistant.

    References:
        TRL, *Dataset formats and types* (docs/source/dataset_formats.md).
    """
    seen: set[str] = set()
    with split_files(out, *formats_of(params.file)) as files:
        for frame in frames:
            _require_messages(frame, params.kind)
            if not params.messages:
                _require_single_turn(frame, params.kind)
            rows = _rows(_with_rationale(frame, params), params, seen)
            files.add(rows.drop("split"), rows["split"])
    return files.paths


def _rows(frame: pl.DataFrame, params: Trl, seen: set[str]) -> pl.DataFrame:
    """Return the rows of the format, with their split."""
    text = {name: pl.col(name) if params.messages else _string(name) for name in _ROLES}
    margin = [pl.col("margin").fill_null(0.0)] if params.with_margin else []
    more = [*margin, *(pl.col(name) for name in _TOLD if name in frame.columns)]
    match params.kind:
        case "explicit":
            return frame.select(*(text[name].alias(name) for name in _ROLES), *more, "split")
        case "implicit":
            sides = [pl.concat_list("prompt", side).alias(side) for side in ("chosen", "rejected")]
            return frame.select(*sides, *more, "split")
        case "unpaired":
            parts = [
                frame.with_row_index().select(
                    "index",
                    prompt=text["prompt"],
                    completion=text[side],
                    label=pl.lit(side == "chosen"),
                    split="split",
                )
                for side in ("chosen", "rejected")
            ]
            return pl.concat(parts).sort("index", maintain_order=True).drop("index")
        case "prompt-only":
            is_new = _is_new(frame["prompt"], seen)
            return frame.filter(is_new).select(text["prompt"].alias("prompt"), "split")


def _with_rationale(frame: pl.DataFrame, params: Trl) -> pl.DataFrame:
    """Add the rationale that each pair gets, where the export brings rationales."""
    if "rationales" not in frame.columns:
        return frame
    told = kept(frame, params.rationale).select(
        "pair_id",
        rationale="text",
        rationale_kind="kind",
        rationale_origin="origin",
        rationale_chosen=pl.col("preferred").str.to_uppercase(),
    )
    return frame.join(told, on="pair_id", how="left", maintain_order="left")


def _is_new(prompts: pl.Series, seen: set[str]) -> pl.Series:
    """Tell which prompts come for the first time, and remember them by their digests."""
    words = hash_messages(prompts)
    is_new = words.is_first_distinct() & ~words.is_in(list(seen.intersection(words)))
    seen.update(words)
    return is_new


def _string(name: str) -> pl.Expr:
    return pl.col(name).list.first().struct.field("content")


def _require_messages(frame: pl.DataFrame, kind: str) -> None:
    """Refuse what TRL's reader would fail on."""
    for name in _READ[kind]:
        empty = frame.filter(pl.col(name).list.len().fill_null(0) == 0)
        if empty.height:
            raise DataError(
                f"{name} has no message in {_count(empty)}, and TRL reads its first one.",
                where=f"pair {empty['pair_id'][0]}",
                fix="Leave such pairs out: `exclude_flags: [empty-prompt, ...]` in select-pairs"
                + (", or export with `kind: implicit`." if name == "prompt" else "."),
            )


def _require_single_turn(frame: pl.DataFrame, kind: str) -> None:
    """Refuse what does not fit into strings."""
    for name in _READ[kind]:
        role = pl.col(name).list.first().struct.field("role")
        odd = frame.filter((pl.col(name).list.len() != 1) | (role != _ROLES[name]))
        if odd.height:
            raise UserError(
                f"{name} is not one {_ROLES[name]} message in {_count(odd)}; strings hold no more.",
                where=f"pair {odd['pair_id'][0]}",
                fix="Export with `messages: true`, or select single-turn pairs.",
            )


def _count(frame: pl.DataFrame) -> str:
    return "1 pair" if frame.height == 1 else f"{frame.height:,} pairs"
