"""The dataset formats of TRL: preference, unpaired, prompt-only, prompt-completion, messages.

Its stepwise format has a label for each step of a response. No table holds such labels, so it is
not written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from prefdata.exporters._files import Kinds, formats_of, split_files
from prefdata.exporters._fit import (
    Reason,
    answered,
    asked,
    different,
    of_assistant,
    one_message,
    one_question,
    reasons,
    to_answer,
    without_system,
)
from prefdata.exporters._rationales import One, kept
from prefdata.exporters._shapes import LabelledRows
from prefdata.protocols import Params, exporter
from prefdata.tables.identity import encode_messages, hash_texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Trl", "trl"]

_PAIRED = ("explicit", "implicit", "unpaired")
_OF_CHOSEN = ("prompt-completion", "messages")
_WHOLE = ("implicit", "messages")
_ONCE = {
    "prompt-only": ("prompt",),
    "prompt-completion": ("prompt", "chosen"),
    "messages": ("prompt", "chosen"),
}
"""Whose words come once; the chosen response of several pairs would be learnt several times."""

_TOLD = ("rationale", "rationale_kind", "rationale_origin", "rationale_chosen")
_SIDES = ("chosen", "rejected")


class Trl(Params):
    """Parameters of `trl`."""

    kind: Literal[
        "explicit", "implicit", "unpaired", "prompt-only", "prompt-completion", "messages"
    ] = Field(
        default="explicit",
        description="`explicit`: prompt, chosen, rejected (DPO and its kin). `implicit`: chosen "
        "and rejected as whole conversations (reward models). `unpaired`: prompt, completion, "
        "label (KTO, BCO). `prompt-only`: each prompt once (online methods). "
        "`prompt-completion`: each chosen response once, with its prompt (SFT). `messages`: the "
        "same as one conversation (language modelling).",
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
        if self.kind in _WHOLE and not self.messages:
            message = f"kind: {self.kind} needs messages: true; strings lose where the answer is"
            raise ValueError(message)
        if self.with_margin and self.kind not in {"explicit", "implicit"}:
            message = "with_margin needs pairs: kind: explicit or implicit"
            raise ValueError(message)
        return self


def _unfit(frame: pl.DataFrame, params: Any) -> pl.Series:
    """Return for each pair why TRL would fail on it or learn something wrong of it, or null."""
    # Where the chosen response alone is written, nothing else can be wrong.
    is_of_one = params.kind in _OF_CHOSEN
    return reasons(frame.with_columns(rejected="chosen") if is_of_one else frame, _tests(params))


def _tests(params: Trl) -> list[Reason]:
    has_answers = params.kind != "prompt-only"
    tests = [asked()]
    tests += [answered()] if has_answers else []
    tests += [different()] if params.kind in _PAIRED else []
    if not params.messages:
        tests += [without_system(), one_question()]
        return tests + ([one_message()] if has_answers else [])
    # Conversations that part before their last question share a prompt that ends with an answer:
    # TRL would let the model go on with it, and train it on the user's words.
    tests += [to_answer()] if params.kind not in _WHOLE else []
    tests += [_apart()] if params.kind == "implicit" else []
    return tests + ([of_assistant()] if has_answers else [])


def _apart() -> Reason:
    """``response-within-other``: one response is how the other begins.

    TRL takes what both conversations begin with for the prompt, and nothing of it would be left.
    """
    odd = [
        pl.col(side).list.head(pl.col(other).list.len()).eq_missing(pl.col(other))
        for side, other in (_SIDES, _SIDES[::-1])
    ]
    return "response-within-other", pl.any_horizontal(odd)


@exporter(
    version=2,
    params=Trl,
    rationales="welcome",
    unfit=_unfit,
    loses=(
        "who preferred it: annotator_id, n_votes, aspect, strength",
        "where it is from: pair_id, prompt_id, source, subset, language",
        "which models answered: chosen_model, rejected_model",
        "the margin, unless `with_margin`, and then its unit and that there was none",
        "`unpaired`: which two responses were compared",
        "`prompt-only`, `prompt-completion`, `messages`: what was rejected, and repeats",
        "rationales, where they are asked for, but one of each pair; pairs without one stay",
    ),
)
def trl(frames: Iterator[pl.DataFrame], out: Path, params: Trl) -> list[Path]:
    """Write ``<split>.parquet`` or ``<split>.jsonl`` in a dataset format of TRL.

    A pair without a split goes to ``train``. ``unpaired`` writes two rows for each pair, with the
    columns of TRL's own `unpair_preference_dataset`, so a response in several pairs comes several
    times. The rejected response follows the chosen one of the next pair: KTO gives each prompt the
    response of the row before it, within a batch and unshuffled. ``prompt-only`` writes prompts
    with equal words once, where they come first; ``prompt-completion`` and ``messages`` do so with
    a prompt and its chosen response. Strings are written as they are, with the space that they
    begin with.

    Left out are pairs that TRL fails on (it looks at the first message of a list) or learns wrong
    things of: an empty prompt or response, equal responses, a prompt that ends with an answer, a
    response that does not; with strings, whatever is not one question and one answer. ``implicit``
    takes conversations that part earlier, for reward models read them whole.

    Where the export names a step of rationales, pairs get the columns ``rationale``,
    ``rationale_kind``, ``rationale_origin`` and ``rationale_chosen``: the handle, X or Y, that the
    text gives the chosen response. They are null where no rationale passed. No trainer of TRL reads
    them; `rationale-sft` makes a set that one does.

    References:
        TRL 1.16, *Dataset formats and types* (docs/source/dataset_formats.md), and
        trl/data_utils.py.
    """
    seen: set[str] = set()
    with split_files(out, *formats_of(params.file)) as files:
        told = (_with_rationale(frame, params) for frame in frames)
        for frame in LabelledRows.of(told) if params.kind == "unpaired" else told:
            rows = _rows(frame, params, seen)
            files.add(rows.drop("split"), rows["split"])
    return files.paths


def _rows(frame: pl.DataFrame, params: Trl, seen: set[str]) -> pl.DataFrame:
    """Return the rows of the format, with their split."""
    text = {
        name: pl.col(name) if params.messages else _string(name) for name in ("prompt", *_SIDES)
    }
    margin = [pl.col("margin").fill_null(0.0)] if params.with_margin else []
    more = [*margin, *(pl.col(name) for name in _TOLD if name in frame.columns)]
    if params.kind in _ONCE:
        frame = frame.filter(_is_new(frame, _ONCE[params.kind], seen))
    match params.kind:
        case "explicit":
            return frame.select(*(text[name].alias(name) for name in text), *more, "split")
        case "implicit":
            sides = [pl.concat_list("prompt", side).alias(side) for side in _SIDES]
            return frame.select(*sides, *more, "split")
        case "unpaired":
            said = pl.col("response") if params.messages else _string("response")
            return frame.select(
                prompt=text["prompt"], completion=said, label="label", split="split"
            )
        case "prompt-only":
            return frame.select(text["prompt"].alias("prompt"), "split")
        case "prompt-completion":
            return frame.select(prompt=text["prompt"], completion=text["chosen"], split="split")
        case "messages":
            return frame.select(messages=pl.concat_list("prompt", "chosen"), split="split")


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


def _is_new(frame: pl.DataFrame, columns: tuple[str, ...], seen: set[str]) -> pl.Series:
    """Tell which words come for the first time, and remember them by their digests."""
    # A length stands before each text, so the bar is part of none.
    parts = [encode_messages(name) for name in columns]
    words = hash_texts(frame.select(pl.concat_str(parts, separator="|")).to_series())
    is_new = words.is_first_distinct() & ~words.is_in(list(seen.intersection(words)))
    seen.update(words)
    return is_new


def _string(name: str) -> pl.Expr:
    return pl.col(name).list.first().struct.field("content")
