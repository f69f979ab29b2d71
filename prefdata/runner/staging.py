"""Configurations of a publication as files: one folder each, and the digests of their rows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.parquet as pq

from prefdata.core.errors import DataError, RecipeError
from prefdata.core.events import StepFinished, StepStarted
from prefdata.core.fingerprint import file_digest
from prefdata.protocols import ConfigContents, Contents, SplitContents, StagedFile
from prefdata.publishing.contents import rows_digest
from prefdata.runner.export import (
    ExportRequest,
    Written,
    check_request,
    write_settled,
)
from prefdata.runner.export_rows import Selection, Settled, little_memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from prefdata.catalog import CatalogState, Session
    from prefdata.core.events import Report
    from prefdata.recipes.publication import Publication, PublishedConfig
    from prefdata.runner.treatment import Treatment

__all__ = ["Chosen", "StagedConfig", "config_requests", "contents_of", "stage_configs"]

Chosen = tuple["PublishedConfig", ExportRequest, Settled]
"""A configuration, what it asks for, and the pairs that go out."""

_BATCH_ROWS = 4096


@dataclass(frozen=True, slots=True)
class StagedConfig:
    """One configuration, written."""

    asked: PublishedConfig
    request: ExportRequest
    settled: Settled
    written: Written
    contents: ConfigContents
    schema: pa.Schema
    memory: dict[str, int]
    """Bytes of the rows of each split in memory."""


def config_requests(
    publication: Publication,
    treatment: Treatment,
    state: CatalogState,
    *,
    sources: Sequence[str] | None,
    removals: pl.DataFrame | None,
    where: str,
) -> list[tuple[PublishedConfig, ExportRequest]]:
    """Return what each configuration is, checked before anything is written.

    Args:
        publication: What the recipe says.
        treatment: What is done about people, texts and tests.
        state: The snapshot that is published.
        sources: Sources of the recipe; all when None.
        removals: What must not be published, or None.
        where: The recipe, for errors.

    Raises:
        UnknownNameError: If it names an exporter, a step or a source that there is not.
        RecipeError: If parameters do not fit.
    """
    found = []
    for config in publication.configs:
        own = config.sources if config.sources is not None else sources
        request = ExportRequest(
            config.exporter,
            Selection(
                pairs=config.pairs,
                decisions=config.decisions,
                splits=config.splits,
                rationales=config.rationales,
                sources=None if own is None else tuple(own),
                policies=config.policies,
                removals=removals,
            ),
            params=config.params,
            treatment=treatment,
        )
        check_request(state, request, where=f"{where}: configuration {config.name!r}")
        found.append((config, request))
    return found


def stage_configs(
    session: Session, chosen: Sequence[Chosen], folder: Path, report: Report, *, where: str
) -> list[StagedConfig]:
    """Write each configuration into ``<folder>/<name>``, and read it back for its digests.

    Args:
        session: Where the pairs are settled.
        chosen: The configurations; the first is the one that is loaded by default.
        folder: The staged folder.
        report: Where to tell progress.
        where: The recipe, for errors.

    Raises:
        RecipeError: If an exporter writes anything but Parquet, which the hub shows best.
        DataError: If nothing is left to publish.
    """
    staged: list[StagedConfig] = []
    for config, request, settled in chosen:
        step, started = f"stage:{config.name}", time.perf_counter()
        report(StepStarted(step, config.exporter))
        one = _stage(session, config, request, settled, folder, is_default=not staged, where=where)
        staged.append(one)
        counts = one.written
        report(
            StepFinished(
                step,
                config.exporter,
                counts.selected,
                counts.rows,
                counts.selected - counts.rows,
                time.perf_counter() - started,
                reasons=counts.left_out,
            )
        )
    return staged


def _stage(
    session: Session,
    config: PublishedConfig,
    request: ExportRequest,
    settled: Settled,
    folder: Path,
    *,
    is_default: bool,
    where: str,
) -> StagedConfig:
    """Write one configuration into ``<folder>/<name>``, and read it back for its digests."""
    here = folder / config.name
    here.mkdir()
    with little_memory(session):
        written = write_settled(session, request, settled, here, where=f"{where}: {config.name}")
    if odd := [path.name for path in written.paths if path.suffix != ".parquet"]:
        raise RecipeError(
            f"The exporter {config.exporter} writes {odd[0]}, and a publication is Parquet.",
            where=f"{where}: configuration {config.name!r}",
            fix="Take published-pairs, trl or parquet, or ask for `file: parquet` in its params.",
        )
    if not written.paths:
        raise DataError(
            f"No pair is left to publish: {_told(written)}.",
            where=f"{where}: configuration {config.name!r}",
            fix="Look at the decisions and policies that it names; "
            "prefdata sql 'FROM pair_summary' shows what there is.",
        )
    splits, memory = [], {}
    for name, paths in _by_split(written.paths).items():
        meter = _Meter()
        rows, digest = rows_digest(meter.read(paths))
        files = tuple(path.relative_to(folder).as_posix() for path in paths)
        splits.append(SplitContents(name, files, rows, digest))
        memory[name] = meter.bytes
    contents = ConfigContents(config.name, tuple(splits), is_default=is_default)
    schema = pq.read_schema(written.paths[0])
    return StagedConfig(config, request, settled, written, contents, schema, memory)


def contents_of(folder: Path, configs: Sequence[StagedConfig]) -> Contents:
    """Return what a staged folder holds; hidden files are ours and are not published."""
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(folder).parts)
    )
    files = tuple(
        StagedFile(path.relative_to(folder).as_posix(), path.stat().st_size, file_digest(path))
        for path in paths
    )
    return Contents(
        folder,
        tuple(sorted(files, key=lambda file: file.path)),
        tuple(staged.contents for staged in configs),
    )


def _told(written: Written) -> str:
    out = ", ".join(f"{reason} {n:,}" for reason, n in written.left_out.items())
    return f"{written.selected:,} were selected" + (f", left out: {out}" if out else "")


def _by_split(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Return the files of each split in order; large ones are cut: ``<split>-00000-of-00002``."""
    found: dict[str, list[Path]] = {}
    for path in sorted(paths):
        stem, dash, number = path.stem.rpartition("-of-")
        name = stem.rpartition("-")[0] if dash and number.isdigit() else path.stem
        found.setdefault(name, []).append(path)
    return found


class _Meter:
    """Reads frames and adds up how large they are in memory."""

    def __init__(self) -> None:
        self.bytes = 0

    def read(self, paths: Sequence[Path]) -> Iterator[pl.DataFrame]:
        for path in paths:
            for batch in pq.ParquetFile(path).iter_batches(_BATCH_ROWS):
                self.bytes += batch.nbytes
                frame: Any = pl.from_arrow(batch)
                yield frame
