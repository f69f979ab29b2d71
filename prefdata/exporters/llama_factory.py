"""The preference datasets of LLaMA-Factory, with the ``dataset_info.json`` that it needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import polars as pl
from pydantic import Field

from prefdata.exporters._files import Format, split_files
from prefdata.exporters._fit import unfit_if
from prefdata.exporters._shapes import (
    FROM,
    MARGIN,
    MODELS,
    SIDES,
    TALK,
    WHO,
    LabelledRows,
    last_text,
    renamed_turn,
    system_text,
    turns,
    write_beside,
)
from prefdata.protocols import Params, exporter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["LlamaFactory", "llama_factory"]

Variant = Literal["sharegpt", "openai", "alpaca", "kto"]

_ENTRIES: dict[Variant, dict[str, Any]] = {
    "sharegpt": {
        "formatting": "sharegpt",
        "ranking": True,
        "columns": {
            "messages": "conversations",
            "chosen": "chosen",
            "rejected": "rejected",
            "system": "system",
        },
    },
    "openai": {
        "formatting": "sharegpt",
        "ranking": True,
        "columns": {"messages": "messages", "chosen": "chosen", "rejected": "rejected"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
        },
    },
    "alpaca": {
        "ranking": True,
        "columns": {
            "prompt": "instruction",
            "query": "input",
            "chosen": "chosen",
            "rejected": "rejected",
            "system": "system",
            "history": "history",
        },
    },
    "kto": {
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "system": "system", "kto_tag": "kto_tag"},
    },
}


class LlamaFactory(Params):
    """Parameters of `llama-factory`."""

    variant: Variant = Field(
        default="sharegpt",
        description="`sharegpt`: conversations with from and value, and two responses. `openai`: "
        "the same with role and content, declared by tags. `alpaca`: instruction, history and two "
        "responses as strings. `kto`: conversations with a label, two rows for each pair.",
    )
    name: str = Field(
        default="pairs",
        pattern=r"^\w[\w.-]*$",
        description="Name of the dataset: `dataset: <name>_<split>` trains on a split.",
    )
    file: Format = Field(default="jsonl", description="Kind of file that each split gets.")


@exporter(
    version=1,
    params=LlamaFactory,
    unfit=unfit_if(*TALK),
    loses=(WHO, FROM, MODELS, MARGIN),
)
def llama_factory(frames: Iterator[pl.DataFrame], out: Path, params: LlamaFactory) -> list[Path]:
    """Write ``<split>.jsonl`` and ``dataset_info.json``, which says how to read them.

    Point ``dataset_dir`` at the folder and name the splits. The trainer skips prompts whose roles
    do not alternate or that do not end with the user's message, and says "Skipping this abnormal
    example"; none is written. Its KTO gives each prompt the response of the row before it, so no
    response stands beside the other of its pair.

    References:
        LLaMA-Factory, *data/README.md*, *src/llamafactory/data/parser.py* and *converter.py*.
    """
    columns = _columns(params.variant)
    with split_files(out, params.file) as files:
        for rows in LabelledRows.of(frames) if params.variant == "kto" else frames:
            files.add(rows.select(**columns), rows["split"])
    return write_beside(files.paths, "dataset_info.json", _info(files.paths, params))


def _columns(variant: Variant) -> dict[str, pl.Expr]:
    """Return the columns of a variant by their names."""
    texts = {side: last_text(side) for side in SIDES}
    system = {"system": system_text()}
    match variant:
        case "sharegpt":
            sides = {side: _told(pl.col(side).list.last()) for side in SIDES}
            return {"conversations": turns().list.eval(_told(pl.element()))} | sides | system
        case "openai":
            return {"messages": pl.col("prompt")} | {s: pl.col(s).list.last() for s in SIDES}
        case "alpaca":
            asked = {"instruction": last_text("prompt"), "input": pl.lit("")}
            return asked | texts | system | {"history": _history()}
        case "kto":
            whole = pl.concat_list(turns(), "response").list.eval(_told(pl.element()))
            return {"conversations": whole} | system | {"kto_tag": pl.col("label")}


def _told(turn: pl.Expr) -> pl.Expr:
    return renamed_turn(turn, "from", "value", ("human", "gpt", "system"))


def _history() -> pl.Expr:
    """Return the turns before the last message, each as question and response."""
    texts = turns().list.eval(pl.element().struct.field("content"))
    before = texts.list.head(texts.list.len() - 1)
    each = pl.concat_list(pl.element().gather_every(2), pl.element().gather_every(2, offset=1))
    return before.list.eval(each)


def _info(paths: Iterable[Path], params: LlamaFactory) -> str:
    """Return an entry for each file."""
    entries = {
        f"{params.name}_{path.stem}": {"file_name": path.name, **_ENTRIES[params.variant]}
        for path in paths
    }
    return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
