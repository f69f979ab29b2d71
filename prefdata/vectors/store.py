"""Vectors of texts in the catalog: what is known is read, what is missing is computed and kept.

A vector is a function of its text and its embedder, so it is kept by content and used by every
row, dataset and run that holds the text. What is missing is computed in shards, each committed
when it is done; a run that was killed goes on with the shards that are left. Shards are cut by the
digests of all texts that were asked for, whether known or not, so a run that goes on computes the
same batches, and the same bytes, as one that was never killed.
"""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.core.errors import DataError
from prefdata.core.events import Note, Progress, Report, StepFinished, StepStarted, silent
from prefdata.core.fingerprint import canonical_json
from prefdata.protocols import (
    LOCAL,
    Embedded,
    Embedder,
    EmbedderBackend,
    EmbedderParams,
    Engine,
    VectorSet,
)
from prefdata.schema import conform, table_schema
from prefdata.tables.identity import hash_texts
from prefdata.vectors.matrix import read_matrix
from prefdata.vectors.models import FALLBACK, backend_of, embedder_id, is_fallback, resolved
from prefdata.vectors.workers import Opened, embed, embedding, needs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prefdata.catalog import Catalog

__all__ = ["VectorStore"]

_TABLE = "embeddings"
_MAX_SHARDS = 256


class VectorStore:
    """The vectors in one catalog; what a stage is given as ``Context.vectors``."""

    def __init__(
        self, catalog: Catalog, report: Report = silent, *, engine: Engine = LOCAL
    ) -> None:
        """Use the table ``embeddings``; fitted models go to the folder ``models``."""
        self._catalog = catalog
        self._report = report
        self._engine = engine
        self._folder = catalog.workspace.root / "models"

    def get(
        self, texts: pl.DataFrame, *, subject: str, view: str, model: EmbedderParams, step: str
    ) -> VectorSet:
        """Return the vector of every distinct text; see `prefdata.protocols.Vectors`.

        Raises:
            BackendError: If the model cannot be had or fails.
            DataError: If the vectors that are kept have another dimension than the model.
        """
        if is_fallback(model):
            self._report(Note(FALLBACK))
        model = resolved(model)
        asked = _distinct(texts)
        backend = backend_of(model)
        revision = backend.revision(model, lambda: asked)
        name = embedder_id(backend, model, revision)
        job = _Job(self._catalog, backend, model, revision, name, subject, view)

        @functools.cache
        def embedder() -> Embedder:
            return backend.open(model, self._folder, revision, lambda: asked, self._report)

        known = job.known()
        missing = asked.join(known, on="content_hash", how="anti", maintain_order="left")
        void: list[str] = []
        if missing.height:
            void = self._compute(job, asked, missing, embedder, step)
            known = job.known()
        hashes = asked.filter(~pl.col("content_hash").is_in(void)).select("content_hash")
        hashes = hashes.sort("content_hash")
        matrix = read_matrix(self._catalog.files(_TABLE, job.key), hashes["content_hash"])
        stored = known.join(hashes, on="content_hash", how="semi")
        return VectorSet(
            hashes=hashes["content_hash"],
            matrix=matrix,
            embedder=name,
            revision=revision,
            void=pl.DataFrame({"content_hash": void}, schema={"content_hash": pl.String}),
            open=embedder,
            n_computed=missing.height - len(void),
            n_truncated=int(stored["is_truncated"].sum()),
        )

    def _compute(
        self,
        job: _Job,
        asked: pl.DataFrame,
        missing: pl.DataFrame,
        embedder: Callable[[], Embedder],
        step: str,
    ) -> list[str]:
        """Compute and commit what is missing; return the texts that have no vector."""
        started = time.perf_counter()
        label = f"{step}: embed {job.subject}"
        self._report(StepStarted(label, "embed", missing.height, "texts"))
        void: list[str] = []
        done = 0
        shards = list(_shards(asked, missing, job.backend.shard_texts))

        def tell(n: int) -> None:
            self._report(Progress(label, done + n))

        results = self._embedded(job, shards, embedder, label, tell)
        for i, (shard, found) in enumerate(zip(shards, results, strict=True), start=1):
            self._check_dimension(job, found)
            frame = job.rows(shard, found)
            with self._catalog.write() as write:
                write.put(_TABLE, job.key, frame)
                write.commit(f"{label}, shard {i} of {len(shards)}")
            void += shard.filter(pl.Series(found.is_void))["content_hash"].to_list()
            done += shard.height
            self._report(Progress(label, done))
        seconds = time.perf_counter() - started
        self._report(
            StepFinished(
                label,
                "embed",
                done,
                done - len(void),
                len(void),
                seconds,
                reasons={"no-vector": len(void)} if void else {},
            )
        )
        return void

    def _embedded(
        self,
        job: _Job,
        shards: list[pl.DataFrame],
        embedder: Callable[[], Embedder],
        label: str,
        tell: Callable[[int], None],
    ) -> Iterator[Embedded]:
        """Yield what is embedded of each shard; here with the embedder that is open already."""
        if self._engine.is_local:
            opened = embedder()
            return (embed(opened, shard, job.subject, tell) for shard in shards)
        # A fitted embedder travels itself: its file is on this machine, and perhaps nowhere else.
        fitted = embedder() if job.backend.is_fitted else None
        opener = Opened(job.backend.name, job.model, job.revision, fitted)
        make = functools.partial(embedding, opener, job.subject)
        return self._engine.map(make, shards, needs=needs_of(job.backend), label=label)

    def _check_dimension(self, job: _Job, found: Embedded) -> None:
        stored = job.dimension()
        computed = found.vectors.shape[1]
        if stored is not None and stored != computed:
            raise DataError(
                f"The model gives vectors of {computed} values, and those of the same name that "
                f"are kept have {stored}.",
                where=f"table {_TABLE}, embedder {job.name}",
                fix="Check the model's folder: its weights are those of the kept vectors, but "
                "something else in it changed.",
            )


class _Job:
    """One subject, view and embedder: a partition of the table."""

    def __init__(
        self,
        catalog: Catalog,
        backend: EmbedderBackend,
        model: EmbedderParams,
        revision: str,
        name: str,
        subject: str,
        view: str,
    ) -> None:
        """Note what is worked on."""
        self._catalog = catalog
        self.backend = backend
        self.model = model
        self.revision = revision
        self.name = name
        self.subject = subject
        self.view = view
        self.key = (name, subject, view)

    def known(self) -> pl.DataFrame:
        """Return the texts that have a vector, each once."""
        rows = self._catalog.scan(_TABLE, self.key)
        return rows.select("content_hash", "is_truncated").unique("content_hash").collect()

    def dimension(self) -> int | None:
        """Return the length of the vectors that are kept; None when there are none."""
        first = self._catalog.scan(_TABLE, self.key).select("vector").head(1).collect()
        return None if first.is_empty() else len(first["vector"][0])

    def rows(self, shard: pl.DataFrame, found: Embedded) -> pl.DataFrame:
        """Return the rows of the table for one shard; texts without a vector are left out."""
        vectors = found.vectors
        if self.model.dtype == "float16":
            vectors = vectors.astype(np.float16).astype(np.float32)
        n, d = vectors.shape
        values = pl.Series("vector", vectors.reshape(-1)).reshape((n, d))
        frame = shard.select("content_hash").with_columns(
            subject=pl.lit(self.subject),
            view=pl.lit(self.view),
            embedder=pl.lit(self.name),
            backend=pl.lit(self.backend.name),
            model=pl.lit(self.model.model),
            revision=pl.lit(self.revision),
            parameters=pl.lit(canonical_json(self.model.identity())),
            n_tokens=pl.lit(None) if found.n_tokens is None else pl.Series(found.n_tokens),
            is_truncated=pl.Series(found.is_truncated),
            vector=values.arr.to_list(),
        )
        frame = frame.filter(~pl.Series(found.is_void))
        return conform(frame, table_schema(_TABLE))


def _distinct(texts: pl.DataFrame) -> pl.DataFrame:
    """Return each content once, with the digest of its text, in the order of the digests.

    Contents that differ (a prompt with another system message) may have one text.
    """
    contents = texts.select("content_hash", "text").unique("content_hash", keep="any")
    return contents.with_columns(text_hash=hash_texts(contents["text"])).sort(
        "text_hash", "content_hash"
    )


def _shards(asked: pl.DataFrame, missing: pl.DataFrame, size: int) -> Iterator[pl.DataFrame]:
    """Part what is missing where the digests of all that was asked for say."""
    n_shards = min(max(-(-asked.height // size), 1), _MAX_SHARDS)
    n_rows = -(-asked.height // n_shards)
    numbered = asked.select("text_hash").unique().sort("text_hash").with_row_index()
    shard = (pl.col("index") // n_rows).alias("shard")
    with_shard = missing.join(
        numbered.select("text_hash", shard), on="text_hash", how="left", maintain_order="left"
    )
    for part in with_shard.partition_by("shard", maintain_order=True):
        yield part.drop("shard")
