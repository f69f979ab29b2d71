"""The preference datasets of axolotl, and the part of its configuration that reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl
import yaml
from pydantic import Field

from prefdata.exporters._files import Format, split_files
from prefdata.exporters._fit import outside, reasons
from prefdata.exporters._shapes import (
    FROM,
    MARGIN,
    MODELS,
    QUESTION,
    SIDES,
    TALK,
    TURN,
    WHO,
    LabelledRows,
    conversation,
    is_evaluation,
    last_text,
    system_text,
    turns,
    write_beside,
)
from prefdata.protocols import Params, exporter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from prefdata.exporters._fit import Reason

__all__ = ["Axolotl", "axolotl"]

Variant = Literal[
    "chat-template", "argilla-chat", "intel", "prompt-pairs", "orpo", "kto", "bradley-terry"
]

# What stands before the response when axolotl lays a template over it: it searches the response
# in the whole text, and takes the first place where it is found.
_ASSISTANT = "You are a helpful assistant."
_DATES = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024"
_DUMMY = "[[dummy_message]]"
_TEMPLATES = (
    f"<|im_start|>system\n{_ASSISTANT}<|im_end|>\n",
    f"<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. {_ASSISTANT}<|im_end|>\n",
    f"<|im_start|>user\n{_DUMMY}<|im_end|>\n<|im_start|>assistant\n",
    f"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n{_DATES}\n\n<|eot_id|>",
    f"<|start_header_id|>user<|end_header_id|>\n\n{_DUMMY}<|eot_id|>",
    "<|start_header_id|>assistant<|end_header_id|>\n\n",
    f"<s>[INST] <<SYS>>\n<</SYS>>\n\n{_DUMMY} [/INST] ",
    f"<bos><start_of_turn>user\n{_DUMMY}<end_of_turn>\n<start_of_turn>model\n",
    f"<|system|>\n<|user|>\n{_DUMMY}<|end|>\n<|assistant|>\n",
    f"<｜begin▁of▁sentence｜><｜User｜>{_DUMMY}<｜Assistant｜>",  # noqa: RUF001 - its own marks
)
_BEFORE = "\0".join(_TEMPLATES)
_BLANKS = "".join(char for char in map(chr, range(0x3001)) if char.isspace())
"""What `trim` in a template takes away: blanks as Python knows them, which polars does not all."""
_SEARCHED = ("chat-template", "argilla-chat")

_REASONS: dict[Variant, Sequence[Reason]] = {
    "chat-template": (*TALK, outside(_BEFORE)),
    "argilla-chat": (*TALK, outside(_BEFORE)),
    "intel": TURN,
    "prompt-pairs": TURN,
    "orpo": TALK,
    "kto": QUESTION,
    "bradley-terry": TURN,
}
_MARKS = {
    "chatml": (
        "<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n",
        "{completion}<|im_end|>",
    ),
    "llama3": (
        (
            "<|start_header_id|>user<|end_header_id|>\n\n{prompt}<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n"
        ),
        "{completion}<|eot_id|>",
    ),
}
_HEAD = "# A part of a configuration for axolotl. Paths are as seen from where axolotl runs.\n"


class Axolotl(Params):
    """Parameters of `axolotl`."""

    variant: Variant = Field(
        default="chat-template",
        description="Which of axolotl's types reads it. `chat-template`: chat_template.default "
        "(messages, chosen, rejected). `argilla-chat`: chat_template.argilla_chat (whole "
        "conversations). `intel` and `prompt-pairs`: strings of one question, with the marks of "
        "`template`. `orpo`: chat_template.argilla of ORPO. `kto`: user_defined.default of KTO, "
        "two rows for each pair. `bradley-terry`: bradley_terry.chat_template of reward models.",
    )
    rl: Literal["dpo", "ipo", "simpo"] = Field(
        default="dpo",
        description="Method that the configuration names; `orpo`, `kto` and `bradley-terry` have "
        "their own.",
    )
    template: Literal["chatml", "llama3"] = Field(
        default="chatml",
        description="Marks that axolotl writes around the strings of `intel`, `prompt-pairs` and "
        "`kto`; the other variants take the template of the model.",
    )
    file: Format = Field(default="jsonl", description="Kind of file that each split gets.")


def _unfit(frame: pl.DataFrame, params: Axolotl) -> pl.Series:
    return reasons(_trimmed(frame, params), _REASONS[params.variant])


@exporter(
    version=1,
    params=Axolotl,
    unfit=_unfit,
    loses=(
        WHO,
        FROM,
        MODELS,
        MARGIN,
        "with `chat-template` and `argilla-chat`: blanks before and after a response",
    ),
)
def axolotl(frames: Iterator[pl.DataFrame], out: Path, params: Axolotl) -> list[Path]:
    r"""Write ``<split>.jsonl`` and ``axolotl.yaml``, the configuration that reads them.

    ``chat_template.default`` and ``argilla_chat`` lay the template over a response and search it
    in the text. A template that trims (Llama 3, Gemma) would leave nothing to find of ``" Yes\n"``,
    and the reader would train on the last character; so blanks around responses are taken away. A
    response such as ``user``, which the marks of a template hold before it, would be found there;
    such pairs do not fit. The marks tried are those of ChatML, Llama, Mistral, Gemma, Phi, Qwen
    and DeepSeek.

    In ``axolotl.yaml`` splits whose names begin with test, val, dev, eval or held are in
    ``test_datasets``. Each entry says ``split: train``: that is how `datasets` calls a single
    file, whatever its name. KTO's type lays no template; its formats carry the marks.

    References:
        axolotl, *docs/rlhf.qmd*, *docs/reward_modelling.qmd*, *src/axolotl/prompt_strategies/*.
    """
    with split_files(out, params.file) as files:
        for frame in _rows(frames, params):
            files.add(frame.select(**_columns(params.variant)), frame["split"])
    return write_beside(files.paths, "axolotl.yaml", _configuration(files.paths, params))


def _rows(frames: Iterable[pl.DataFrame], params: Axolotl) -> Iterator[pl.DataFrame]:
    if params.variant == "kto":
        yield from LabelledRows.of(frames)
    else:
        for frame in frames:
            yield _trimmed(frame, params)


def _trimmed(frame: pl.DataFrame, params: Axolotl) -> pl.DataFrame:
    """Take away the blanks around responses, where axolotl searches them."""
    if params.variant not in _SEARCHED:
        return frame
    said = pl.element().struct
    text = said.field("content").str.strip_chars(_BLANKS)
    turn = pl.struct(said.field("role"), text)
    return frame.with_columns(pl.col(side).list.eval(turn) for side in SIDES)


def _columns(variant: Variant) -> dict[str, pl.Expr]:
    """Return the columns of a variant by their names."""
    prompt, system = last_text("prompt"), {"system": system_text()}
    texts = {side: last_text(side) for side in SIDES}
    columns: dict[Variant, dict[str, pl.Expr]] = {
        "chat-template": {
            "messages": pl.col("prompt"),
            **{side: pl.col(side).list.last() for side in SIDES},
        },
        "argilla-chat": {side: conversation(side) for side in SIDES},
        "intel": {**system, "question": prompt, **texts},
        "prompt-pairs": {**system, "prompt": prompt, **texts},
        # No prompt here: axolotl would take it for every turn of the user.
        "orpo": {**system, **{side: pl.concat_list(turns(), side) for side in SIDES}},
        "kto": {"prompt": prompt, "completion": last_text("response"), "label": pl.col("label")},
        "bradley-terry": {**system, "input": prompt, **texts},
    }
    return columns[variant]


def _configuration(paths: Iterable[Path], params: Axolotl) -> str:
    """Return the lines that read these files."""
    settings = _method(params)
    kind: dict[str, Any] = {"type": _type(params)}
    ds_type = "json" if params.file == "jsonl" else params.file
    entries = [
        (path, {"path": path.name, "ds_type": ds_type, "split": "train", **kind}) for path in paths
    ]
    parts = {
        "datasets": [entry for path, entry in entries if not is_evaluation(path.stem)],
        "test_datasets": [entry for path, entry in entries if is_evaluation(path.stem)],
    }
    settings |= {name: listed for name, listed in parts.items() if listed}
    # Entries share their type: dumped apart, so that no anchor of YAML stands for it.
    text = yaml.dump(settings, Dumper=_Plain, sort_keys=False, allow_unicode=True)
    return _HEAD + str(text)


def _method(params: Axolotl) -> dict[str, Any]:
    match params.variant:
        case "bradley-terry":
            return {"reward_model": True}
        case "orpo" | "kto":
            # Trainers of these methods need columns that no model has an argument for.
            return {"rl": params.variant, "remove_unused_columns": False}
        case _:
            return {"rl": params.rl}


def _type(params: Axolotl) -> Any:
    """Return the ``type`` of a dataset, by which axolotl finds its reader."""
    if params.variant == "kto":
        prompt, completion = _MARKS[params.template]
        return {
            "field_prompt": "prompt",
            "field_completion": "completion",
            "field_label": "label",
            "prompt_format": prompt,
            "completion_format": completion,
        }
    names = {
        "chat-template": "chat_template.default",
        "argilla-chat": "chat_template.argilla_chat",
        "intel": f"{params.template}.intel",
        "prompt-pairs": f"{params.template}.prompt_pairs",
        "orpo": "chat_template.argilla",
        "bradley-terry": "bradley_terry.chat_template",
    }
    return names[params.variant]


class _Plain(yaml.SafeDumper):
    """Writes equal parts each time, without anchors, and line feeds as a person would."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as the base class calls it
        return True


def _text(dumper: _Plain, text: str) -> yaml.ScalarNode:
    style = '"' if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Plain.add_representer(str, _text)
