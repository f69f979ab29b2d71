"""All nouns on one page: what a source, a stage and an exporter are, for the runner."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from prefdata.core.events import Report, silent
from prefdata.tables.bundle import RawFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from prefdata.tables.bundle import Bundle
    from prefdata.texts.views import Keep

__all__ = [
    "Context",
    "Embedded",
    "Embedder",
    "EmbedderBackend",
    "EmbedderParams",
    "Exporter",
    "NoParams",
    "Outside",
    "Params",
    "RawFile",
    "Source",
    "Stage",
    "StageResult",
    "VectorSet",
    "Vectors",
    "exporter",
    "stage",
]


class Params(BaseModel):
    """Parameters of a source, stage or exporter; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def outside(self) -> Outside:
        """Return what the parameters name that is not in the tables; nothing by default."""
        return Outside()

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Return the tables that are read under these parameters; all that are declared."""
        return declared


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


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vectors of a batch of texts, in its order."""

    vectors: NDArray[np.float32]
    """``(n, d)``; rows have unit length, or are zero where ``is_void``."""
    n_tokens: NDArray[np.int32] | None
    """Tokens of each text before it was cut; None where the embedder has none."""
    is_truncated: NDArray[np.bool_]
    is_void: NDArray[np.bool_]
    """True where the embedder finds nothing in the text that it could place."""


class Embedder(Protocol):
    """Turns texts into unit vectors; open, with its model in memory."""

    dimension: int
    revision: str
    """Digest of what decides the vectors: the weights, or what the model was fitted on."""

    def embed(
        self,
        texts: Sequence[str],
        *,
        keep: Keep = "start",
        is_query: bool = False,
        done: Callable[[int], None] | None = None,
    ) -> Embedded:
        """Return the vectors of texts.

        Args:
            texts: Each with at least one character that is not white space.
            keep: Which end stays when a text is too long.
            is_query: True for what is searched for: some models want another prefix.
            done: Called now and then with the number of texts done.

        Raises:
            BackendError: If the model or its device failed.
        """
        ...


Corpus = Callable[[], pl.DataFrame]
"""The distinct texts that vectors are asked for: columns ``content_hash`` and ``text``."""


@dataclass(frozen=True, slots=True)
class EmbedderBackend:
    """A kind of embedder: finds a model, tells its revision, opens it.

    Attributes:
        name: Name of the plugin.
        summary: What it is, in a line.
        revision: Returns the revision of a model without opening it. ``corpus`` gives the texts,
            for a model that is fitted on them.
        open: Opens a model. ``folder`` is where fitted models are kept; ``revision`` is the one
            wanted, fitted on ``corpus`` when it is not there. Without a corpus it must be there.
        shard_texts: Texts that are computed between two commits.
    """

    name: str
    summary: str
    revision: Callable[[EmbedderParams, Corpus], str]
    open: Callable[[EmbedderParams, Path, str, Corpus | None, Report], Embedder]
    shard_texts: int
    is_fitted: bool = False
    """Whether the model is made from the texts, so that its revision changes with them."""


@dataclass(frozen=True, slots=True)
class VectorSet:
    """The vectors of a set of texts under one embedder."""

    hashes: pl.Series
    """``content_hash`` of the texts that have a vector, sorted, each once."""
    matrix: NDArray[np.float32]
    """``(n, d)``, unit rows, in the order of ``hashes``."""
    embedder: str
    """Digest that names the embedder in the table ``embeddings``."""
    revision: str
    void: pl.DataFrame
    """Column ``content_hash``: texts without a vector."""
    open: Callable[[], Embedder]
    """Opens the embedder itself, for other texts in the same space."""
    n_computed: int = 0
    n_truncated: int = 0
    """Texts of the set that the model did not see whole."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What parameters name that is not in the tables; its content shapes the result too.

    The runner finds it, puts digests of its content into the fingerprint of the step, and hands
    it to the stage with the `Context`.
    """

    models: tuple[EmbedderParams, ...] = ()
    """Embedders; the stage gets their vectors from ``Context.vectors``."""
    files: tuple[str, ...] = ()
    """Paths or ``hf://`` addresses; the stage finds them in ``Context.files``."""
    snapshots: tuple[str, ...] = ()
    """Tags or names of snapshots; the stage reads them by ``Context.at``."""
    steps: tuple[str, ...] = ()
    """Names of steps whose rows the stage reads; each must stand before it, or have run."""


class Vectors(Protocol):
    """Gives the vectors of texts: those that are known, and the others computed and kept."""

    def get(
        self, texts: pl.DataFrame, *, subject: str, view: str, model: EmbedderParams, step: str
    ) -> VectorSet:
        """Return the vector of every distinct text.

        Args:
            texts: Columns ``content_hash`` and ``text``; hashes may repeat.
            subject: Table whose rows hold the texts: prompts, responses, rationales, principles.
            view: Which part of the rows the texts are; see `prefdata.texts.views`.
            model: The embedder.
            step: Name under which progress is told.
        """
        ...


def _no_snapshot(ref: str, table: str) -> pl.LazyFrame:
    raise LookupError(ref, table)


@dataclass(frozen=True, slots=True)
class Context:
    """What surrounds a call: the seed, where to report, where to spill, what is outside."""

    seed: int = 0
    report: Report = silent
    scratch: Path | None = None
    """Folder for temporary files; removed after the run."""
    source: str = ""
    """The source whose rows a stage is given; empty when it is given all."""
    step: str = ""
    """Name of the step in its recipe; the ``stage`` column of what it writes."""
    sources: tuple[str, ...] = ()
    """The sources whose rows a stage is given, oldest publication first."""
    vectors: Vectors | None = None
    """Where vectors come from; the runner always gives one."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """What `Outside.files` named, as files on this machine."""
    at: Callable[[str, str], pl.LazyFrame] = _no_snapshot
    """Reads a table (second) of a snapshot that `Outside.snapshots` named (first)."""


@dataclass(frozen=True, slots=True)
class Source:
    """An adapter: a pure function from raw files to canonical tables. It never downloads.

    Attributes:
        name: Name of the dataset, as in ``catalog/sources/<name>.yaml``.
        version: Raised when the output for the same bytes changes.
        select: Chooses and orders the files it understands out of those offered, and raises
            `SourceDriftError` naming what is missing.
        read: Yields bundles; file by file, stretch by stretch, in order.
        example: Raw rows in the real shape, by file name, written by us: documentation, and what
            the contract tests feed. Values are the file's bytes.
        rebuild: The way back: from the canonical tables of this source (all rows, as frames by
            table name) to the raw rows, ``{file: [{field: value, ...}, ...]}`` in row order. It
            proves that nothing is lost, and is what `prefdata source rebuild` writes.
        params: Model of its parameters.
        is_generic: True when the user names the dataset (``--name``), as for ``trl``; the
            parameters then have the field ``name``, which becomes the ``source`` of all rows.
    """

    name: str
    version: int
    select: Callable[[Sequence[RawFile]], list[RawFile]]
    read: Callable[[Sequence[RawFile], Any, Context], Iterator[Bundle]]
    example: Mapping[str, bytes]
    rebuild: Callable[[Mapping[str, pl.DataFrame]], dict[str, list[dict[str, Any]]]]
    params: type[Params] = NoParams
    is_generic: bool = False


@dataclass(frozen=True, slots=True)
class StageResult:
    """Rows that a stage wrote, and rows that it rejected, for one source.

    The ledger must add up: ``rows_in = rows_out + rejects.height``, counted in rows of what the
    stage works on (judgments for `make-pairs`), not of what it writes. The runner fills the
    columns ``source`` and ``stage`` of the tables; a stage over all sources fills ``source``.
    """

    tables: Mapping[str, pl.DataFrame]
    rows_in: int
    rows_out: int
    rejects: pl.DataFrame | None = None
    """Columns of `REJECT_COLUMNS`; ``subject`` and ``id`` say which row. A stage over all sources
    adds ``source``."""
    notes: tuple[str, ...] = ()
    """What the user should know of the result, told again when it comes from the cache."""


Scope = Literal["source", "catalog"]
"""Whether a stage is called once for each source, or once for all sources of the recipe."""

StageFunction = Callable[[Mapping[str, pl.LazyFrame], Any, Context], StageResult]


@dataclass(frozen=True, slots=True)
class Stage:
    """A pure function from tables to derived tables, called once per source, or once for all.

    The frames it reads hold the rows of one source; with the scope ``catalog``, those of all
    sources of the recipe. What it writes replaces the rows that the same step wrote for the same
    sources before. It never edits a table it reads.
    """

    name: str
    version: int
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    params: type[Params]
    run: StageFunction
    summary: str = ""
    scope: Scope = "source"


def stage(
    *,
    version: int,
    reads: tuple[str, ...],
    writes: tuple[str, ...],
    params: type[Params] = NoParams,
    scope: Scope = "source",
) -> Callable[[StageFunction], Stage]:
    """Make a stage of a function; its name is the function's, in kebab case."""

    def wrap(function: StageFunction) -> Stage:
        name = getattr(function, "__name__", "stage").strip("_").replace("_", "-")
        doc = (function.__doc__ or "").strip().splitlines()
        return Stage(
            name=name,
            version=version,
            reads=reads,
            writes=writes,
            params=params,
            run=function,
            summary=doc[0] if doc else "",
            scope=scope,
        )

    return wrap


ExportFunction = Callable[[Iterator[pl.DataFrame], Path, Any], list[Path]]


@dataclass(frozen=True, slots=True)
class Exporter:
    """Writes a stream of pairs with their texts into the files that a trainer reads.

    The frames have the columns pair_id, source, subset, prompt_id, prompt (messages), chosen
    (messages), rejected (messages), margin, margin_unit, strength, n_votes, aspect, annotator_id,
    chosen_model, rejected_model, language and split, in a fixed order of rows.
    """

    name: str
    version: int
    params: type[Params]
    write: ExportFunction
    loses: tuple[str, ...] = field(default=())
    """What the format cannot hold; the command prints it."""
    summary: str = ""


def exporter(
    *, version: int, params: type[Params] = NoParams, loses: tuple[str, ...] = ()
) -> Callable[[ExportFunction], Exporter]:
    """Make an exporter of a function; its name is the function's, in kebab case."""

    def wrap(function: ExportFunction) -> Exporter:
        name = getattr(function, "__name__", "exporter").strip("_").replace("_", "-")
        doc = (function.__doc__ or "").strip().splitlines()
        return Exporter(
            name=name,
            version=version,
            params=params,
            write=function,
            loses=loses,
            summary=doc[0] if doc else "",
        )

    return wrap


Kind = Literal["source", "stage", "exporter", "backend", "publisher"]
"""The kinds of plugin that the registry finds."""
