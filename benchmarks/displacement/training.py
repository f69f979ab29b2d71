"""Preference training with TRL, and what it did to the likelihood of its own pairs."""

from __future__ import annotations

import importlib
import json
import os
import tempfile
import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from benchmarks.displacement.data import Tokens, tokenize
from benchmarks.displacement.likelihood import response_log_probs
from benchmarks.displacement.sizes import LOSSES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from benchmarks.displacement.runs import Run
    from benchmarks.displacement.sizes import Sizes

__all__ = ["Changes", "changes_path", "train"]

_WARM_UP = 1 / 3
"""Share of the steps in which the rate rises: the first steps of RMSprop are ten times too long."""
_TOLERANCE = 1e-4
_N_COMPARED = 8

Changes = pl.DataFrame
"""Columns ``pair_id``, ``n_chosen``, ``n_rejected`` (tokens), and ln pi of both responses before
and after: ``chosen_before``, ``chosen_after``, ``rejected_before``, ``rejected_after``."""


def changes_path(folder: Path, run: Run) -> Path:
    """Return where the changes of the pairs of a run are."""
    return folder / f"{run.name}.parquet"


def train(
    run: Run,
    ids: Sequence[str],
    texts: Sequence[tuple[str, str, str]],
    sizes: Sizes,
    model_folder: Path,
    folder: Path,
) -> dict[str, Any]:
    """Train the initial model on pairs for one epoch, and measure it on the same pairs.

    Args:
        run: What to train with; the order of the pairs is theirs.
        ids: Ids of the pairs.
        texts: Prompt, chosen and rejected of each.
        sizes: Batches, rate, beta.
        model_folder: The initial model, which is the reference too.
        folder: Where the changes of each pair are written, and what is returned as JSON; the
            latter last, so that it says that the run is whole.
    """
    started, cpu = time.perf_counter(), time.process_time()
    trainer, pairs, order = _trainer(run, texts, sizes, model_folder)
    model = trainer.model
    before = _before(trainer, pairs)
    log = trainer.train().metrics
    after = response_log_probs(model, pairs)
    changes = pl.DataFrame(
        {
            "pair_id": [ids[i] for i in order],
            "n_chosen": [len(pair.chosen) for pair in pairs],
            "n_rejected": [len(pair.rejected) for pair in pairs],
            "chosen_before": before[:, 0],
            "chosen_after": after[:, 0],
            "rejected_before": before[:, 1],
            "rejected_after": after[:, 1],
        }
    )
    changes.write_parquet(changes_path(folder, run))
    moved = after - before
    margins = sizes.beta * (moved[:, 0] - moved[:, 1])
    facts = {
        "run": run.name,
        "pairs": len(pairs),
        "steps": trainer.state.global_step,
        "chosen": float(moved[:, 0].mean()),
        "rejected": float(moved[:, 1].mean()),
        "chosen_per_token": float(moved[:, 0].sum() / changes["n_chosen"].sum()),
        "rejected_per_token": float(moved[:, 1].sum() / changes["n_rejected"].sum()),
        "fallen": float((moved[:, 0] < 0).mean()),
        "accuracy": float((margins > 0).mean()),
        "margin": float(margins.mean()),
        "train_loss": log["train_loss"],
        "wall_seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
    }
    path = folder / f"{run.name}.json"
    path.with_suffix(".part").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    path.with_suffix(".part").replace(path)
    return facts


def _trainer(
    run: Run, texts: Sequence[tuple[str, str, str]], sizes: Sizes, model_folder: Path
) -> tuple[Any, list[Tokens], NDArray[np.int64]]:
    """Return the trainer of a run, its pairs as it sees them, and their places in ``texts``."""
    os.environ.update(HF_HUB_OFFLINE="1", TQDM_DISABLE="1")
    import datasets
    import transformers

    warnings.filterwarnings("ignore", category=FutureWarning)  # TRL's own use of transformers
    datasets.disable_progress_bars()
    quiet: Any = transformers.utils.logging
    quiet.disable_progress_bar()
    quiet.set_verbosity_error()
    trl: Any = importlib.import_module("trl")
    tokenizer = transformers.AutoTokenizer.from_pretrained(model_folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(model_folder, dtype="float32")
    tokens = tokenize(tokenizer, texts)
    order = _in_batches(tokens, sizes)
    columns = zip(*(texts[i] for i in order), strict=True)
    rows = dict(zip(("prompt", "chosen", "rejected"), map(list, columns), strict=True))
    with tempfile.TemporaryDirectory() as scratch:
        arguments = trl.DPOConfig(
            output_dir=scratch,
            loss_type=[LOSSES[run.loss]],
            beta=sizes.beta,
            learning_rate=sizes.rate(run.loss),
            lr_scheduler_type="constant_with_warmup",
            warmup_steps=round(_WARM_UP * len(order) / sizes.batch),
            optim="rmsprop",
            num_train_epochs=1,
            per_device_train_batch_size=sizes.micro_batch,
            gradient_accumulation_steps=sizes.batch // sizes.micro_batch,
            train_sampling_strategy="sequential",
            precompute_ref_log_probs=True,
            gradient_checkpointing=False,
            max_length=None,
            max_grad_norm=0.0,
            bf16=False,
            use_cpu=True,
            seed=run.seed,
            dataloader_num_workers=0,
            dataloader_pin_memory=False,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            logging_strategy="no",
        )
        trainer = trl.DPOTrainer(
            model=model,
            args=arguments,
            train_dataset=datasets.Dataset.from_dict(rows),
            processing_class=tokenizer,
        )
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer, [tokens[i] for i in order], order


def _in_batches(pairs: Sequence[Tokens], sizes: Sizes) -> NDArray[np.int64]:
    """Return the order of pairs with those of a batch sorted by length.

    A batch is one step of the optimizer, whatever the order in it; sorted, its forward passes
    have less padding.
    """
    lengths = np.array([pair.longest for pair in pairs])
    whole = np.arange(len(pairs) // sizes.batch * sizes.batch).reshape(-1, sizes.batch)
    return np.concatenate([batch[np.argsort(lengths[batch], kind="stable")] for batch in whole])


def _before(trainer: Any, pairs: Sequence[Tokens]) -> NDArray[np.float64]:
    """Return ``(n, 2)``: ln pi of both responses under the reference, as TRL computed it.

    Raises:
        ValueError: If TRL reads other tokens than these, or finds them more or less likely.
    """
    rows = trainer.train_dataset
    for pair, row in zip(pairs, rows, strict=True):
        seen = (row["prompt_ids"], row["chosen_ids"], row["rejected_ids"])
        if seen != (pair.prompt.tolist(), pair.chosen.tolist(), pair.rejected.tolist()):
            message = f"TRL reads other tokens: {seen}"
            raise ValueError(message)
    found = [rows["ref_chosen_logps"], rows["ref_rejected_logps"]]
    before = np.stack([np.asarray(one, np.float64) for one in found], axis=1)
    ours = response_log_probs(trainer.model, pairs[:_N_COMPARED])
    if not np.allclose(ours, before[:_N_COMPARED], rtol=_TOLERANCE):
        message = f"TRL finds {before[:_N_COMPARED]}, not {ours}"
        raise ValueError(message)
    return before
