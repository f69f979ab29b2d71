"""TRL itself trains on what `trl` writes, and reads it by its own functions."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.exporters.trl import Trl, trl
from prefdata.tables.messages import MESSAGES
from prefdata.testing.trainers.trl import CASES, read, read_by_trl

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

# What the libraries warn of is not ours.
pytestmark = [
    pytest.mark.filterwarnings("default"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

_TEMPLATE = (
    "{% for turn in messages %}<{{ turn['role'] }}>{{ turn['content'] }}<end>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
_N_WORDS = 257


def _say(*turns: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in turns]


@pytest.fixture(scope="module")
def pairs() -> pl.DataFrame:
    """Four pairs with a system prompt, several turns, a leading space and a margin."""
    prompts = [
        _say(("user", "The sky is")),
        _say(("system", "Be brief."), ("user", "Hi?")),
        _say(("user", "Hi?"), ("assistant", "Yes."), ("user", "Why?")),
        _say(("user", "Über\u2028é?")),
    ]
    rows = [
        {
            "pair_id": f"{number}",
            "prompt": prompt,
            "chosen": _say(("assistant", f" blue {number}.")),
            "rejected": _say(("assistant", " loud.")),
            "margin": float(number),
            "split": "train",
        }
        for number, prompt in enumerate(prompts)
    ]
    messages = ("prompt", "chosen", "rejected")
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(messages, MESSAGES))


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """A tokenizer of bytes with a chat template, which needs no file."""
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers

    alphabet = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "<end>"]
    made = Tokenizer(models.BPE({word: place for place, word in enumerate(alphabet)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = dict.fromkeys(("eos_token", "pad_token"), "<end>")
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, chat_template=_TEMPLATE, **special
    )


def _config() -> Any:
    from transformers import GPT2Config

    sizes = {"vocab_size": _N_WORDS, "n_positions": 128, "n_embd": 8, "n_layer": 1, "n_head": 1}
    ids = dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), _N_WORDS - 1)
    return GPT2Config.from_dict({**sizes, **ids})


def _settings(out: Path) -> dict[str, Any]:
    return {
        "output_dir": str(out),
        "max_steps": 1,
        "per_device_train_batch_size": 4,
        "learning_rate": 0.1,
        "report_to": [],
        "save_strategy": "no",
        "bf16": False,
        "use_cpu": True,
        "disable_tqdm": True,
    }


def _dataset(pairs: pl.DataFrame, out: Path, **params: Any) -> Any:
    from datasets import load_dataset

    (path,) = trl.write(iter([pairs]), out, Trl(**params))
    return load_dataset(
        "parquet", data_files={"train": str(path)}, split="train", cache_dir=str(out / "cache")
    )


def test_a_model_learns_from_one_step_on_explicit_conversations(
    pairs: pl.DataFrame, tokenizer: Any, tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("trl")
    from transformers import GPT2LMHeadModel

    torch.manual_seed(0)
    model = GPT2LMHeadModel(_config())
    before = copy.deepcopy(model)
    trainer = library.DPOTrainer(
        model=model,
        ref_model=copy.deepcopy(model),
        args=library.DPOConfig(**_settings(tmp_path / "run")),
        train_dataset=_dataset(pairs, tmp_path),
        processing_class=tokenizer,
    )
    assert trainer.train().training_loss == pytest.approx(0.6931, abs=1e-3)  # log 2: no step yet
    assert trainer.train_dataset.num_rows == pairs.height
    moved = [
        (one - other).abs().max()
        for one, other in zip(model.parameters(), before.parameters(), strict=True)
    ]
    assert max(moved) > 0


def test_a_reward_model_takes_one_step_on_conversations_with_margins(
    pairs: pl.DataFrame, tokenizer: Any, tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("trl")
    from transformers import GPT2ForSequenceClassification

    torch.manual_seed(0)
    config = _config()
    config.num_labels = 1
    trainer = library.RewardTrainer(
        model=GPT2ForSequenceClassification(config),
        args=library.RewardConfig(**_settings(tmp_path / "run")),
        train_dataset=_dataset(pairs, tmp_path, kind="implicit", with_margin=True),
        processing_class=tokenizer,
    )
    assert trainer.train().training_loss > 0
    assert "margin" in trainer.train_dataset.column_names


def test_kto_takes_one_step_on_unpaired_conversations(
    pairs: pl.DataFrame, tokenizer: Any, tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("trl")
    from transformers import GPT2LMHeadModel

    torch.manual_seed(0)
    model = GPT2LMHeadModel(_config())
    trainer = library.KTOTrainer(
        model=model,
        ref_model=copy.deepcopy(model),
        args=library.KTOConfig(**_settings(tmp_path / "run")),
        train_dataset=_dataset(pairs, tmp_path, kind="unpaired"),
        processing_class=tokenizer,
    )
    assert trainer.train().training_loss > 0
    assert trainer.train_dataset.num_rows == 2 * pairs.height


def test_trl_reads_what_the_independent_reader_reads(pairs: pl.DataFrame, tmp_path: Path) -> None:
    pytest.importorskip("trl")
    unfit = trl.unfit
    assert unfit is not None
    # One test: importing TRL takes seconds, and each worker would.
    for case in CASES:
        params = Trl(**case.params)
        kept = pairs.filter(unfit(pairs, params).is_null())
        trl.write(iter([kept]), tmp_path / case.variant, params)
        found = read_by_trl(tmp_path / case.variant)
        assert found == read(tmp_path / case.variant)
        assert found


def test_trl_refuses_what_the_independent_reader_refuses(tmp_path: Path) -> None:
    pytest.importorskip("trl")
    asked, good = _say(("user", "q")), _say(("assistant", "a"))
    odd: list[dict[str, Any]] = [
        {"prompt": [], "chosen": good, "rejected": _say(("assistant", "b"))},
        {"prompt": asked, "chosen": [], "rejected": good},
        {"prompt": _say(("system", "s")), "chosen": good, "rejected": _say(("assistant", "b"))},
        {"prompt": asked, "chosen": good, "rejected": good},
        {"chosen": good, "rejected": _say(("assistant", "b"))},
        {"prompt": asked, "completion": good, "label": "true"},
        {"prompt": asked, "completion": _say(("user", "b")), "label": True},
        {"prompt": _say(("user", " "))},
        {"prompt": asked, "answer": good},
        {"messages": good},
    ]
    for number, row in enumerate(odd):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        (folder / "train.jsonl").write_text(json.dumps(row), encoding="utf-8")
        for reader in (read, read_by_trl):
            with pytest.raises(ValueError, match=r"train\.jsonl row 1"):
                reader(folder)
