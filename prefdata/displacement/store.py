"""Scores of pairs in the catalog: what is known is read, what is missing is computed and kept.

A score is a function of three texts and a model, so it is kept by content: a pair of texts is
scored once, whatever rows, annotators and datasets hold it. What is missing is computed in shards,
each committed when it is done; a run that was killed goes on with the shards that are left.
Another model, template or precision has another scorer, so its scores never mix with these.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.events import Note, Progress, Report, StepFinished, StepStarted, silent
from prefdata.displacement.models import causal_backend, scorer_id
from prefdata.displacement.shards import KEYS, shards
from prefdata.displacement.workers import Job, ShardTexts, score_shards
from prefdata.protocols import LOCAL, Engine, ScoredPairs
from prefdata.schema import conform, table_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prefdata.catalog import Catalog
    from prefdata.displacement.workers import Scored
    from prefdata.protocols import CausalParams

__all__ = ["ScoreStore"]

_TABLE = "displacements"
_READ_SHARDS = 256
"""Shards whose texts are read at once: some 25 MB, for one scan of the tables."""


class ScoreStore:
    """The scores in one catalog; what a stage is given as ``Context.scorer``."""

    def __init__(
        self, catalog: Catalog, report: Report = silent, *, engine: Engine = LOCAL
    ) -> None:
        """Use the table ``displacements``."""
        self._catalog = catalog
        self._report = report
        self._engine = engine

    def get(
        self,
        pairs: pl.DataFrame,
        prompts: pl.LazyFrame,
        responses: pl.LazyFrame,
        *,
        model: CausalParams,
        step: str,
    ) -> ScoredPairs:
        """Return the scores of every distinct pair; see `prefdata.protocols.PairScorer`.

        Raises:
            BackendError: If the model cannot be had or fails.
        """
        backend = causal_backend()
        job = Job(backend.name, model, backend.identify(model))
        scorer = scorer_id(backend, job.identity)
        asked = pairs.select(KEYS).unique().sort(KEYS)
        known = self._known(scorer)
        missing = asked.join(known, on=KEYS, how="anti", maintain_order="left")
        if missing.height:
            texts = _Texts(prompts, responses)
            self._compute(job, scorer, asked, missing, texts, step)
        rows = self._catalog.scan(_TABLE, (scorer,)).collect()
        # Two runs at the same time may have computed one pair twice: the first commit counts.
        rows = rows.unique(KEYS, keep="first", maintain_order=True)
        found = rows.join(asked, on=KEYS, how="semi").sort(KEYS)
        return ScoredPairs(found, scorer, missing.height)

    def _known(self, scorer: str) -> pl.DataFrame:
        return self._catalog.scan(_TABLE, (scorer,)).select(KEYS).unique().collect()

    def _compute(
        self,
        job: Job,
        scorer: str,
        asked: pl.DataFrame,
        missing: pl.DataFrame,
        texts: _Texts,
        step: str,
    ) -> None:
        """Compute and commit what is missing."""
        started = time.perf_counter()
        label = f"{step}: score pairs"
        self._report(StepStarted(label, "score-ches", missing.height, "pairs"))
        parts = list(shards(asked, missing, *texts.sizes(asked)))
        done = n_tokens = 0

        def tell(n: int) -> None:
            self._report(Progress(label, done + n))

        results = score_shards(
            job, texts.of(parts), self._report, tell, engine=self._engine, label=label
        )
        for i, result in enumerate(results, start=1):
            with self._catalog.write() as write:
                write.put(_TABLE, (scorer,), _table_rows(job, scorer, result))
                write.commit(f"{label}, shard {i} of {len(parts)}")
            done += result.rows.height
            n_tokens += result.n_tokens
            self._report(Progress(label, done))
        seconds = time.perf_counter() - started
        self._report(StepFinished(label, "score-ches", done, done, 0, seconds))
        self._report(
            Note(f"{step}: {n_tokens:,} tokens read, {n_tokens / max(seconds, 1e-9):,.0f} a second")
        )


class _Texts:
    """The messages of prompts and responses, read when shards need them."""

    def __init__(self, prompts: pl.LazyFrame, responses: pl.LazyFrame) -> None:
        """Note where they are."""
        self._frames = {"prompt_hash": prompts, "response_hash": responses}

    def sizes(self, asked: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the characters of each prompt, and of each response."""
        contents = pl.col("messages").list.eval(pl.element().struct.field("content"))
        n_chars = contents.list.join("").str.len_chars().cast(pl.Int64)
        prompts, responses = (
            frame.join(_asked(asked, key).lazy(), on=key, how="semi")
            .select(key, n_chars=n_chars)
            .unique(key)
            .collect()
            for key, frame in self._frames.items()
        )
        return prompts, responses

    def of(self, parts: Sequence[pl.DataFrame]) -> Iterator[ShardTexts]:
        """Yield shards with their texts."""
        for start in range(0, len(parts), _READ_SHARDS):
            group = parts[start : start + _READ_SHARDS]
            prompts, responses = (self._read(pl.concat(group), key) for key in self._frames)
            for part in group:
                yield ShardTexts(
                    part,
                    _within(prompts, part, "prompt_hash"),
                    _within(responses, part, "response_hash"),
                )

    def _read(self, pairs: pl.DataFrame, key: str) -> pl.DataFrame:
        return (
            self._frames[key]
            .select(key, "messages")
            .join(_asked(pairs, key).lazy(), on=key, how="semi")
            .unique(key, keep="any")
            .sort(key)
            .collect()
        )


def _within(texts: pl.DataFrame, part: pl.DataFrame, key: str) -> pl.DataFrame:
    return texts.join(_asked(part, key), on=key, how="semi", maintain_order="left")


def _asked(pairs: pl.DataFrame, key: str) -> pl.DataFrame:
    """Return the distinct prompts, or the distinct responses, of pairs."""
    sides = [key] if key == "prompt_hash" else ["chosen_hash", "rejected_hash"]
    return pl.concat([pairs.select(pl.col(side).alias(key)) for side in sides]).unique()


def _told(model: CausalParams) -> str:
    return model.model if model.adapter is None else f"{model.model} + {model.adapter}"


def _table_rows(job: Job, scorer: str, result: Scored) -> pl.DataFrame:
    frame = result.rows.with_columns(
        scorer=pl.lit(scorer),
        model=pl.lit(_told(job.model)),
        revision=pl.lit(job.identity.revision),
        template=pl.lit(job.identity.template),
        dtype=pl.lit(job.identity.dtype),
        settings=pl.lit(result.settings),
    )
    return conform(frame, table_schema(_TABLE))
