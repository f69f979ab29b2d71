"""What TRL's own preparation and collator make of pairs is what the audit says."""

from __future__ import annotations

import importlib.util
import itertools
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.protocols import Trainability
from prefdata.tables.messages import MESSAGES
from prefdata.testing.causal import CHAT_TEMPLATE, write_byte_tokenizer
from prefdata.trainability import FATAL, Auditor
from prefdata.trainability.models import tokenizer_backend
from prefdata.trainability.tokens import measured

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

if importlib.util.find_spec("trl") is None:
    pytest.skip("TRL is not installed", allow_module_level=True)
# Of libraries that TRL loads.
pytestmark = pytest.mark.filterwarnings("ignore")

# Tokens that reach across the border of prompt and response, and over the end of a text.
_MERGES = ((":", "a"), ("a", "b"), ("Ċ", "Ċ"))  # the last are line ends
_TEMPLATES = {
    "chatml": CHAT_TEMPLATE,
    "thinking": CHAT_TEMPLATE.replace("assistant\n' }}", "assistant\n\n' }}"),
}
_PROMPTS = ("Say:", "Say it again, and say it with all the words that you know:")
_RESPONSES = ("", "a", " a", "ab, and so on", "ab, and so forth", "<|im_end|>", "bab, and so on")


def _dpo_trainer() -> Any:
    """Return the module; it is heavy, and need not be installed."""
    return importlib.import_module("trl.trainer.dpo_trainer")


def _pairs() -> pl.DataFrame:
    """Return each prompt with any two responses, among them the same one twice."""
    rows = [
        {
            "pair_id": f"{place:03}",
            "prompt": [{"role": "user", "content": prompt}],
            "chosen": [{"role": "assistant", "content": chosen}],
            "rejected": [{"role": "assistant", "content": rejected}],
        }
        for place, (prompt, (chosen, rejected)) in enumerate(
            itertools.product(_PROMPTS, itertools.combinations_with_replacement(_RESPONSES, 2))
        )
    ]
    return pl.DataFrame(
        rows, schema_overrides=dict.fromkeys(("prompt", "chosen", "rejected"), MESSAGES)
    )


def _strings(pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.with_columns(
        pl.col(name).list.first().struct.field("content").alias(name)
        for name in ("prompt", "chosen", "rejected")
    )


def _prepared(
    pairs: pl.DataFrame, tokenizer: Any, max_length: int, mode: str
) -> list[dict[str, Any]]:
    """Return what `DPOTrainer` makes of a dataset before it trains."""
    from datasets import Dataset

    trainer: Any = SimpleNamespace(_tokenizer=tokenizer)
    told: Any = SimpleNamespace(dataset_num_proc=None, max_length=max_length, truncation_mode=mode)
    dataset = Dataset.from_list(pairs.to_dicts())
    return list(
        _dpo_trainer().DPOTrainer._prepare_dataset(trainer, dataset, tokenizer, told, "train")
    )


@pytest.mark.parametrize("name", [*_TEMPLATES, "plain"])
def test_the_audit_says_what_trl_does(name: str, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    template = _TEMPLATES.get(name, CHAT_TEMPLATE)
    folder = write_byte_tokenizer(tmp_path, chat_template=template, merges=_MERGES)
    untyped: Any = AutoTokenizer
    tokenizer = untyped.from_pretrained(folder)
    pairs = _pairs()
    read = _strings(pairs) if name == "plain" else pairs
    chosen_template = "plain" if name == "plain" else "auto"
    for truncation, max_length in itertools.product(("keep-start", "keep-end"), (14, 50)):
        mode = truncation.replace("-", "_")
        left = _left(_prepared(read, tokenizer, max_length, mode), max_length, mode)
        given = {"truncation": truncation, "max_length": max_length, "template": chosen_template}
        auditor = Auditor(Trainability.model_validate({"tokenizer": str(folder)} | given))
        flags = _flags(auditor.audit(pairs), pairs)
        is_over = {pair for pair, found in flags.items() if "prompt-over-limit" in found}
        assert is_over == set(flags) - set(left)
        for pair, (n_lost, is_empty, is_same) in left.items():
            found = flags[pair]
            assert is_empty == ("untrainable-empty" in found)
            assert is_same == bool({"identical-tokens", "untrainable-identical"} & set(found))
            assert found.get("truncated", 0) == (0 if FATAL.intersection(found) else n_lost)


def _left(
    rows: list[dict[str, Any]], max_length: int, mode: str
) -> dict[str, tuple[int, bool, bool]]:
    """Return what the collator leaves: tokens lost, if a side is empty, if both are the same."""
    collate = _dpo_trainer().DataCollatorForPreference(
        0, max_length=max_length, truncation_mode=mode
    )
    left = {}
    for row in rows:
        batch = collate([row])
        n_trained = batch["completion_mask"].sum(dim=1)
        n_lost = len(row["chosen_ids"]) + len(row["rejected_ids"]) - int(n_trained.sum())
        is_same = all(bool((part[0] == part[1]).all()) for part in batch.values())
        left[row["pair_id"]] = (n_lost, int(n_trained.min()) == 0, is_same)
    return left


def _flags(findings: pl.DataFrame, pairs: pl.DataFrame) -> dict[str, dict[str, float]]:
    flags: dict[str, dict[str, float]] = {pair: {} for pair in pairs["pair_id"]}
    for pair, flag, value in findings.select("pair_id", "flag", "value").iter_rows():
        flags[pair][flag] = value
    return flags


@pytest.mark.parametrize("name", [*_TEMPLATES, "plain"])
def test_lengths_are_those_of_trl(name: str, tmp_path: Path) -> None:
    template = _TEMPLATES.get(name, CHAT_TEMPLATE)
    folder = write_byte_tokenizer(tmp_path, chat_template=template, merges=_MERGES)
    params = Trainability(tokenizer=str(folder), template="plain" if name == "plain" else "auto")
    opened = tokenizer_backend().open(params)
    pairs = _pairs()
    rows = measured(pairs, opened)
    assert (rows["n_prompt_alone"] > rows["n_prompt"]).any() == (name in {"thinking", "plain"})
    from transformers import AutoTokenizer

    untyped: Any = AutoTokenizer
    read = _strings(pairs) if name == "plain" else pairs
    theirs = _prepared(read, untyped.from_pretrained(folder), 10**6, "keep_start")
    sides = ("prompt", "chosen", "rejected")
    assert rows.select(f"n_{side}" for side in sides).rows() == [
        tuple(len(row[f"{side}_ids"]) for side in sides) for row in theirs
    ]
