"""The steps of the experiment; each keeps what it found in the folder, and is done once."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from benchmarks.displacement import scores as scoring
from benchmarks.displacement.alone import drift_alone
from benchmarks.displacement.data import ingest, is_held_out, texts_of, tokenize
from benchmarks.displacement.language_model import make_model
from benchmarks.displacement.runs import choose, runs_of
from benchmarks.displacement.training import train

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from benchmarks.displacement.runs import Run
    from benchmarks.displacement.sizes import Sizes

__all__ = ["Experiment"]

_N_CHECKED = 50


@dataclass(frozen=True)
class Experiment:
    """An experiment in a folder."""

    folder: Path
    sizes: Sizes
    jobs: int
    """Processes that work at once, each on one core."""
    tell: Callable[[str], None]

    def open(self, origin: Path) -> str:
        """Make the folder, or go on in the one of the same experiment.

        Returns:
            The digest of the data.

        Raises:
            ValueError: If the folder holds an experiment of other data or sizes.
        """
        files = sorted(origin.rglob("*")) if origin.is_dir() else [origin]
        digest = hashlib.sha256()
        for file in files:
            if file.is_file():
                digest.update(file.read_bytes())
        key = {"data": digest.hexdigest(), "sizes": json.loads(json.dumps(asdict(self.sizes)))}
        path = self.folder / "experiment.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        if path.exists() and json.loads(path.read_text()) != key:
            message = f"{self.folder} holds another experiment: name another folder"
            raise ValueError(message)
        path.write_text(json.dumps(key, indent=1), encoding="utf-8")
        return digest.hexdigest()

    def pairs(self, origin: Path) -> pl.DataFrame:
        """Return the pairs of the data, by ``pair_id``."""
        path = self.folder / "pairs.parquet"
        if not path.exists():
            _write(ingest(origin, self.folder / "workspace"), path)
        return pl.read_parquet(path)

    def model(self, pairs: pl.DataFrame) -> dict[str, Any]:
        """Train the language model; return what was measured."""
        import torch

        path = self.folder / "model" / "facts.json"
        if path.exists():
            return _read(path)
        torch.set_num_threads(self.jobs)
        held = is_held_out(pairs.height, self.sizes.held_out)
        return make_model(texts_of(pairs), held, self.sizes, self.folder / "model", self.tell)

    def scores(self, pairs: pl.DataFrame) -> dict[str, Any]:
        """Score all pairs, hold some scores against the definition, keep the pairs for training.

        Those are pairs that the language model was trained on, short enough, with two responses
        that differ.
        """
        import torch

        path = self.folder / "scores.json"
        if path.exists():
            return _read(path)
        started, cpu = time.perf_counter(), time.process_time()
        # One pair at a time is too little work for two threads, and on a busy machine they wait.
        torch.set_num_threads(1)
        scored = scoring.score(self.folder / "workspace", self.folder / "model")
        seconds = (round(time.perf_counter() - started, 1), round(time.process_time() - cpu, 1))
        statuses = dict(sorted(scored["status"].value_counts().iter_rows()))
        scored = pairs.select("pair_id").join(
            scored, on="pair_id", how="left", maintain_order="left", validate="1:1"
        )
        model, tokenizer = _load(self.folder)
        tokens = tokenize(tokenizer, texts_of(pairs))
        is_short = np.array([pair.longest <= self.sizes.pair_tokens for pair in tokens])
        is_wanted = is_short & ~is_held_out(pairs.height, self.sizes.held_out)
        is_wanted &= (scored["status"] == "ok").to_numpy()
        rows = np.flatnonzero(is_wanted)
        checked = rows[np.linspace(0, len(rows) - 1, _N_CHECKED).astype(int)]
        worst = scoring.check_against_loop(model, [tokens[i] for i in checked], scored[checked])
        _write(scored, self.folder / "scores.parquet")
        _write(scoring.matched(scored[rows]), self.folder / "population.parquet")
        facts = {
            "statuses": statuses,
            "population": len(rows),
            "checked": len(checked),
            "worst_difference": worst,
            "wall_seconds": seconds[0],
            "cpu_seconds": seconds[1],
        }
        path.write_text(json.dumps(facts, indent=1), encoding="utf-8")
        return facts

    def alone(self, pairs: pl.DataFrame) -> dict[str, Any]:
        """Take the gradients of some pairs alone."""
        path, facts_path = self.folder / "alone.parquet", self.folder / "alone.json"
        if facts_path.exists():
            return _read(facts_path)
        population = pl.read_parquet(self.folder / "population.parquet")
        n = min(self.sizes.n_alone, population.height)
        taken = population[np.sort(np.random.default_rng(0).permutation(population.height)[:n])]
        texts = _texts(pairs, taken["pair_id"])
        started = time.perf_counter()
        with self._pool() as pool:
            parts = [texts[i :: self.jobs] for i in range(self.jobs)]
            done = list(pool.map(_alone, [str(self.folder)] * self.jobs, parts))
        drifts = np.zeros((n, 2))
        for i, (part, _) in enumerate(done):
            drifts[i :: self.jobs] = part
        frame = {"pair_id": taken["pair_id"], "square": drifts[:, 0], "drift": drifts[:, 1]}
        _write(pl.DataFrame(frame), path)
        facts = {
            "pairs": n,
            "share_falling": float((drifts[:, 1] < 0).mean()),
            "wall_seconds": round(time.perf_counter() - started, 1),
            "cpu_seconds": round(sum(seconds for _, seconds in done), 1),
        }
        facts_path.write_text(json.dumps(facts, indent=1), encoding="utf-8")
        return facts

    def train(self, pairs: pl.DataFrame) -> None:
        """Do the runs that are not done."""
        folder = self.folder / "runs"
        folder.mkdir(exist_ok=True)
        scores = pl.read_parquet(self.folder / "population.parquet")
        wanted = runs_of(self.sizes)
        missing = [run for run in wanted if not (folder / f"{run.name}.json").exists()]
        n_done = len(wanted) - len(missing)
        with self._pool() as pool:
            futures: dict[Future[dict[str, Any]], Run] = {}
            for run in missing:
                ids = scores["pair_id"].gather(choose(run, scores, self.sizes.n_pairs))
                texts, model = _texts(pairs, ids), self.folder / "model"
                args = (run, ids.to_list(), texts, self.sizes, model, folder)
                futures[pool.submit(train, *args)] = run
            for future in as_completed(futures):
                n_done, facts = n_done + 1, future.result()
                self.tell(
                    f"{n_done}/{len(wanted)} {facts['run']}: chosen {facts['chosen']:+.2f}, "
                    f"rejected {facts['rejected']:+.2f}, accuracy {facts['accuracy']:.2f}, "
                    f"margin {facts['margin']:.2f}, {facts['wall_seconds']:.0f} s"
                )

    def _pool(self) -> ProcessPoolExecutor:
        """Return processes of one thread each: two of them do more than one of two threads."""
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.jobs, mp_context=context, initializer=_one_thread)


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _alone(folder: str, texts: list[tuple[str, str, str]]) -> tuple[Any, float]:
    cpu = time.process_time()
    model, tokenizer = _load(Path(folder))
    return drift_alone(model, tokenize(tokenizer, texts)), time.process_time() - cpu


def _load(folder: Path) -> tuple[Any, Any]:
    import transformers

    quiet: Any = transformers.utils.logging
    quiet.disable_progress_bar()
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(
        folder / "model", dtype="float32"
    )
    return model.eval(), transformers.AutoTokenizer.from_pretrained(folder / "model")


def _texts(pairs: pl.DataFrame, ids: pl.Series) -> list[tuple[str, str, str]]:
    """Return the texts of pairs, in the order of their ids."""
    asked = pl.DataFrame({"pair_id": ids})
    return texts_of(asked.join(pairs, on="pair_id", how="left", maintain_order="left"))


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _write(frame: pl.DataFrame, path: Path) -> None:
    part = path.with_suffix(".part")
    frame.write_parquet(part)
    part.replace(path)
