"""Parameters of plugins, and what they may name outside the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["CausalParams", "EmbedderParams", "NoParams", "Outside", "Params", "nested_params"]


class Params(BaseModel):
    """Parameters of a source, stage or exporter; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def outside(self) -> Outside:
        """Return what the parameters name that is not in the tables; nothing by default."""
        return Outside()

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Return the tables that are read under these parameters; all that are declared."""
        return declared


def nested_params(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a type holds: itself, or what it is a list of, or what it may be."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(nested_params, get_args(annotation))), None)


class NoParams(Params):
    """For plugins that take none."""


class EmbedderParams(Params):
    """Which embedder, and how it works; a recipe may give the name of the model alone."""

    model: str = Field(
        default="auto",
        description="`lexical`, an id on the hub, or a folder. `auto`: the small sentence model "
        "all-MiniLM-L6-v2 where sentence-transformers is installed, else `lexical`.",
    )
    dimension: int | None = Field(
        default=None,
        ge=2,
        description="Length of the vectors: of `lexical` 256 by default; of other models the "
        "first values are kept, which only models trained for that stand.",
    )
    max_tokens: int | None = Field(
        default=None, ge=8, description="Longest text in tokens; what the model was made for."
    )
    prefix: str = Field(default="", description="Put before each text, where a model wants it.")
    query_prefix: str = Field(default="", description="Put before what is searched for.")
    dtype: Literal["float16", "float32"] = Field(
        default="float16", description="Precision in which vectors are kept."
    )
    device: str = Field(default="auto", description="`cpu`, `cuda`, `mps`, or the best of these.")
    engine: Literal["torch", "onnx", "openvino"] = Field(
        default="torch", description="What runs the model."
    )
    batch_tokens: int | None = Field(
        default=None, ge=16, description="Tokens in one batch; halved when memory runs out."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"model": value} if isinstance(value, str) else value

    def identity(self) -> dict[str, Any]:
        """Return the parameters that shape the vectors; where they are computed does not."""
        return self.model_dump(
            mode="json", exclude={"model", "device", "engine", "batch_tokens", "query_prefix"}
        )


class CausalParams(Params):
    """Which causal language model, and how it reads; a recipe may give the model's name alone."""

    model: str = Field(
        description="The model that is to be trained: a folder, or an id on the hub, followed by "
        "`@revision` if one is wanted."
    )
    adapter: str | None = Field(
        default=None, description="A PEFT adapter, merged into the model: a folder or an id."
    )
    template: str = Field(
        default="auto",
        description="How messages become text. `auto`: the model's chat template, or `plain` "
        "where it has none. `plain`: the contents, joined by empty lines. `hh`: the transcript of "
        "HH-RLHF, `Human:` and `Assistant:`. Else the path of a Jinja file.",
    )
    system: Literal["keep", "fold", "drop"] = Field(
        default="keep",
        description="What to do with a system prompt: `keep` it as a message of its own, `fold` "
        "it into the first message of the user, for templates that refuse it, or `drop` it.",
    )
    boundary: Literal["separate", "joint"] = Field(
        default="separate",
        description="`separate`: prompt and response are tokenised apart, so the prompt is the "
        "same for all its responses. `joint`: together, as the authors of CHES did; where tokens "
        "merge across the border, the response begins a token early or late.",
    )
    max_tokens: int | None = Field(
        default=None,
        ge=2,
        description="Longest prompt and response together, in tokens; responses are cut to it. By "
        "default what the model was made for.",
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto",
        description="Precision of the model's weights and states. `auto`: bfloat16 on CUDA, "
        "float32 elsewhere, whatever they were saved in. Sums are float32 always.",
    )
    device: str = Field(
        default="auto",
        description="`cpu`, `cuda`, `mps`, or several such as `cuda:0,cuda:1`, which share the "
        "work. `auto`: all CUDA devices, else the best there is.",
    )
    sharing: Literal["auto", "packed", "cache", "none"] = Field(
        default="auto",
        description="How the responses to one prompt share its states. `packed`: one row with a "
        "tree mask. `cache`: the prompt's keys and values are used again. `none`: each response "
        "with the prompt anew. `auto`: the first of these that the model stands.",
    )
    batch_tokens: int | None = Field(
        default=None,
        ge=16,
        description="Tokens in one batch; halved when memory runs out. By default one prompt with "
        "its responses on a CPU, where more is slower, and 32,768 on a GPU.",
    )
    chunk_tokens: int = Field(
        default=8192,
        ge=16,
        description="A prompt with its responses of more tokens than this is read in chunks.",
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"model": value} if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Outside:
    """What parameters name that is not in the tables; its content shapes the result too.

    The runner finds it, puts digests of its content into the fingerprint of the step, and hands
    it to the stage with the `Context`.
    """

    models: tuple[Params, ...] = ()
    """Embedders, whose vectors the stage gets from ``Context.vectors``, causal language models,
    whose scores it gets from ``Context.scorer``, chat models, whose answers it gets from
    ``Context.chat``, and tokenizers, which it opens itself; as `EmbedderParams`, `CausalParams`,
    `ChatParams` and `Tokenization`."""
    files: tuple[str, ...] = ()
    """Paths or ``hf://`` addresses; the stage finds them in ``Context.files``."""
    snapshots: tuple[str, ...] = ()
    """Tags or names of snapshots; the stage reads them by ``Context.at``."""
    steps: tuple[str, ...] = ()
    """Names of steps whose rows the stage reads; each must stand before it, or have run. Rows that
    steps added to a canonical table, such as the verdicts of a judge, are shown to a stage only
    if it names their step here."""
    folders: tuple[str, ...] = ()
    """Folders of the workspace whose files the stage finds in ``Context.files``, each as
    ``<folder>/<file>``; there may be none. Files whose names begin with a dot do not count."""
