"""What a source, a stage and an exporter are, for the runner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from prefdata.core.events import Report, silent
from prefdata.protocols.engines import LOCAL, Engine
from prefdata.protocols.params import NoParams, Params

if TYPE_CHECKING:
    from prefdata.protocols.causal import PairScorer
    from prefdata.protocols.chat import Chat
    from prefdata.protocols.embedders import Vectors
    from prefdata.tables.bundle import Bundle, RawFile

__all__ = [
    "MORE_COLUMNS",
    "Context",
    "Exporter",
    "Kind",
    "Reporter",
    "Source",
    "Stage",
    "StageResult",
    "Unfit",
    "always",
    "exporter",
    "never",
    "reporter",
    "stage",
]


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
    scorer: PairScorer | None = None
    """Where the scores of pairs under a language model come from; the runner always gives one."""
    chat: Chat | None = None
    """Where the answers of chat models come from; the runner always gives one."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """What `Outside.files` named, as files on this machine."""
    at: Callable[[str, str], pl.LazyFrame] = _no_snapshot
    """Reads a table (second) of a snapshot that `Outside.snapshots` named (first)."""
    engine: Engine = LOCAL
    """Where heavy work is done: in this process, or on workers."""
    snapshot: str = ""
    """Name of the snapshot that a report is of; empty for a stage, which makes one."""


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
    counts: Mapping[str, int] = field(default_factory=dict)
    """What `Stage.tell` makes notes of, once the counts of all parts are summed."""


Scope = Literal["source", "catalog"]
"""Whether a stage is called once for each source, or once for all sources of the recipe."""

StageFunction = Callable[[Mapping[str, pl.LazyFrame], Any, Context], StageResult]
TellFunction = Callable[[Mapping[str, int], Any], tuple[str, ...]]


def never(params: Any) -> bool:  # noqa: ARG001
    """Tell that a stage needs all rows at once, whatever its parameters."""
    return False


def always(params: Any) -> bool:  # noqa: ARG001
    """Tell that a stage can do the prompts of each wording by themselves."""
    return True


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
    is_parted: Callable[[Any], bool] = never
    """Given its parameters, whether a large source may come in parts: what the stage writes about a
    prompt then depends only on prompts with equal words, on their responses, judgments and pairs,
    and on tables without ``prompt_id``, which every part sees whole. It uses none of `vectors`,
    `scorer`, `chat` and `at` of its context, because parts may be done on other machines."""
    tell: TellFunction | None = None
    """Makes notes of `StageResult.counts`, summed over parts."""

    def notes(self, results: Sequence[StageResult], params: Params) -> tuple[str, ...]:
        """Return what the user should know of the results of all parts, each note once."""
        said = dict.fromkeys(note for result in results for note in result.notes)
        if self.tell is None:
            return tuple(said)
        counts: Counter[str] = Counter()
        for result in results:
            counts.update(result.counts)
        return (*said, *self.tell(counts, params))


def stage(
    *,
    version: int,
    reads: tuple[str, ...],
    writes: tuple[str, ...],
    params: type[Params] = NoParams,
    scope: Scope = "source",
    is_parted: Callable[[Any], bool] = never,
    tell: TellFunction | None = None,
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
            is_parted=is_parted,
            tell=tell,
        )

    return wrap


ExportFunction = Callable[[Iterator[pl.DataFrame], Path, Any], list[Path]]

Unfit = Callable[[pl.DataFrame, Any], pl.Series]
"""Given a frame of pairs and the parameters, returns for each pair why the format cannot hold it,
in kebab case, or null."""


@dataclass(frozen=True, slots=True)
class Exporter:
    """Writes a stream of pairs with their texts into the files that a trainer reads.

    The frames have the columns pair_id, source, subset, prompt_id, prompt (messages), chosen
    (messages), rejected (messages), margin, margin_unit, strength, n_votes, aspect, annotator_id,
    chosen_model, rejected_model, language and split, in a fixed order of rows. Where the user
    named a step of rationales they have ``rationales`` too: null, or a list of structs with
    rationale_id, kind, origin, scope, status, text, language, about (chosen, rejected or both),
    preferred, verdict (of blind ones), aspect, aspects, generator, attempt (as in ``rationales``),
    is_passed, is_kept and failed (as in ``rationale_gates``).

    Pairs that `unfit` names a reason for are counted and taken out before `write` sees them; a
    user may ask to fail instead. Columns named in `more` follow the others: see `MORE_COLUMNS`.
    """

    name: str
    version: int
    params: type[Params]
    write: ExportFunction
    loses: tuple[str, ...] = field(default=())
    """What the format cannot hold; the command prints it."""
    summary: str = ""
    rationales: Literal["none", "welcome", "needed"] = "none"
    """Whether the format has a place for rationales."""
    takes_critiques: bool = False
    """Whether it also takes what a source says of one response alone, which no gate reads: such
    rationales have null in ``is_passed``, ``is_kept`` and ``failed``."""
    unfit: Unfit | None = None
    """What the format cannot hold; None when it holds every pair."""
    more: tuple[str, ...] = ()
    """Columns that it reads besides, of `MORE_COLUMNS`."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """What its columns mean, for the card of a published dataset."""


MORE_COLUMNS = (
    "chosen_id",
    "rejected_id",
    "judgment_id",
    "rule",
    "topic",
    "annotator_kind",
    "annotator_model",
    "chosen_score",
    "rejected_score",
    "source_revision",
    "source_row_id",
    "prompt_license",
    "chosen_license",
    "rejected_license",
    "annotation_license",
)
"""Columns that only exporters which name them are given.

Those of ``pairs`` and ``prompts`` have the same names there. ``annotator_kind`` and
``annotator_model`` are ``kind`` and ``model`` of the annotator; scores are what the judgment gave
the two responses, null where the pair pools several judgments or there was no score;
``source_row_id`` is ``<file>#<row>`` of the prompt; licences are SPDX ids, ``NOASSERTION`` where
nobody knows.
"""


def exporter(
    *,
    version: int,
    params: type[Params] = NoParams,
    loses: tuple[str, ...] = (),
    rationales: Literal["none", "welcome", "needed"] = "none",
    takes_critiques: bool = False,
    unfit: Unfit | None = None,
    more: tuple[str, ...] = (),
    columns: Mapping[str, str] | None = None,
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
            rationales=rationales,
            takes_critiques=takes_critiques,
            unfit=unfit,
            more=more,
            columns=columns or {},
        )

    return wrap


ReportFunction = Callable[[Mapping[str, pl.LazyFrame], Any, Context, Path], list[Path]]


@dataclass(frozen=True, slots=True)
class Reporter:
    """Writes a report over tables of the catalog into a folder: pages, figures, files of numbers.

    It is a function of the frames, its parameters, the context and the folder, and returns the
    files it wrote; the same rows give the same bytes, whatever their order. The frames hold the
    rows of all sources that are asked for, which `Context.sources` names. What it writes into
    ``summary.txt``, at most 80 characters a line, is shown in the terminal.
    """

    name: str
    version: int
    reads: tuple[str, ...]
    params: type[Params]
    write: ReportFunction
    summary: str = ""


def reporter(
    *, version: int, reads: tuple[str, ...], params: type[Params] = NoParams
) -> Callable[[ReportFunction], Reporter]:
    """Make a reporter of a function; its name is the function's, in kebab case."""

    def wrap(function: ReportFunction) -> Reporter:
        name = getattr(function, "__name__", "reporter").strip("_").replace("_", "-")
        doc = (function.__doc__ or "").strip().splitlines()
        summary = doc[0] if doc else ""
        return Reporter(name, version, reads, params, function, summary)

    return wrap


Kind = Literal[
    "source",
    "stage",
    "exporter",
    "report",
    "router",
    "handoff",
    "backend",
    "publisher",
    "engine",
]
"""The kinds of plugin that the registry finds."""
