"""A data set of Argilla 2: settings and records, to look at pairs and to judge them again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

import polars as pl
from pydantic import Field

from prefdata.exporters._argilla.records import Said, columns, records
from prefdata.exporters._argilla.settings import dataset_model, settings
from prefdata.exporters._fit import Reason, asked, different, one_message, unfit_if
from prefdata.exporters._streams import whole_files
from prefdata.protocols import Params, exporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any, BinaryIO

__all__ = ["Argilla", "argilla"]

_LONGEST_MESSAGE = 20_000
"""Characters that the server takes of one message of a chat: its MAX_MESSAGE_LENGTH."""

_GUIDELINES = (
    "Read the prompt and both responses to the end, then say which response is better. Their order "
    "is random. Longer is not better, and neither is the one that sounds surer."
)


class Argilla(Params):
    """Parameters of `argilla`."""

    name: str = Field(
        default="pairs",
        pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$",
        description="Name of the data set; one that a server has already is filled, not made.",
    )
    question: Literal["label", "ranking"] = Field(
        default="label",
        description="How the preference is asked for: `label`, one of both or a tie; `ranking`, "
        "both in order.",
    )
    choice: Said = Field(
        default="suggestion",
        description="What becomes of the choice of a pair. `suggestion`: whoever annotates sees "
        "it, with the annotator as its agent. `response`: it counts as submitted by a user whose "
        "id is made of the annotator's; the server must know this user. `nothing`: it is left out, "
        "to be judged again without being led.",
    )
    seed: int = Field(default=0, ge=0, description="Of the order in which responses are shown.")
    n_submitted: int = Field(
        default=1, ge=1, description="People who must submit a response before a record is done."
    )
    guidelines: str = Field(
        default=_GUIDELINES, min_length=1, description="What annotators are told before they begin."
    )
    file: Literal["json", "jsonl"] = Field(
        default="json",
        description="`json`: `records.json`, which the client reads. `jsonl`: the same records as "
        "lines of `records.jsonl`.",
    )


def _too_long() -> Reason:
    """``long-message``: the server refuses a message of the prompt for its length."""
    length = pl.element().struct.field("content").str.len_chars()
    longest = pl.col("prompt").list.eval(length).list.max()
    return "long-message", longest > _LONGEST_MESSAGE


def _has_nul() -> Reason:
    """``nul-character``: the database of the server cannot hold a text."""
    held = [
        pl.col(name)
        .list.eval(pl.element().struct.field("content").str.contains("\0", literal=True))
        .list.any()
        for name in ("prompt", "chosen", "rejected")
    ]
    return "nul-character", pl.any_horizontal(held)


@exporter(
    version=1,
    params=Argilla,
    rationales="welcome",
    unfit=unfit_if(asked(), one_message(), different(), _too_long(), _has_nul()),
    more=("annotator_kind",),
    loses=(
        "prompt_id, and the names of splits as files: one data set, with metadata",
        "margin, strength, n_votes, aspect and source, which come back as metadata alone",
        "of suggestions: whether people were one or many; of responses: the annotator's own id",
        "with `choice: nothing`: which response was chosen",
        "rationales, where they are asked for, but one of each pair",
    ),
)
def argilla(frames: Iterator[pl.DataFrame], out: Path, params: Argilla) -> list[Path]:
    """Write ``records.json`` and ``.argilla/settings.json`` and ``.argilla/dataset.json``.

    `rg.Dataset.from_disk` of the client 2.8.0 makes a data set of the folder. Each pair is a
    record, with the fields ``prompt`` (chat), ``response_a`` and ``response_b`` (text), in an order
    drawn from the pair's name. Where the export names a step of rationales, the question
    ``comment`` has the rationale of the pair as a suggestion.

    All is ASCII: the client opens files in the encoding of the machine.

    References:
        Argilla 2.8.0, ``argilla/records/_resource.py``, ``argilla/datasets/_io/_disk.py`` and, for
        what the server takes, ``api/schemas/v1/chat.py``.
    """
    with whole_files(out) as files:
        _write(files.file(".argilla/settings.json"), _settings(params))
        model = dataset_model(
            params.name, guidelines=params.guidelines, n_submitted=params.n_submitted
        )
        _write(files.file(".argilla/dataset.json"), model)
        _write_records(
            files.file(f"records.{params.file}"),
            _lines(frames, params),
            is_array=params.file == "json",
        )
    return files.paths


def _settings(params: Argilla) -> dict[str, Any]:
    return settings(
        question=params.question, guidelines=params.guidelines, n_submitted=params.n_submitted
    )


def _lines(frames: Iterator[pl.DataFrame], params: Argilla) -> Iterator[bytes]:
    for frame in frames:
        rows = columns(frame, seed=params.seed)
        for record in records(rows, said=params.choice, question=params.question):
            yield json.dumps(record).encode()


def _write_records(file: BinaryIO, lines: Iterator[bytes], *, is_array: bool) -> None:
    if not is_array:
        file.writelines(line + b"\n" for line in lines)
        return
    separator = b"[\n"
    for line in lines:
        file.write(separator + line)
        separator = b",\n"
    # A data set without pairs is one all the same.
    file.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


def _write(file: BinaryIO, value: dict[str, Any]) -> None:
    file.write(json.dumps(value, indent=2).encode() + b"\n")
