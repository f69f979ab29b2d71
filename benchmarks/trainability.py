"""The trainability audit beside tokenising row by row, as a trainer does.

```
python -m benchmarks.trainability                                drawn texts
python -m benchmarks.trainability --file train-1000.jsonl --file harmless-base/test.jsonl.gz
```

A file holds pairs a line: ``prompt``, ``chosen`` and ``rejected`` as texts, or ``chosen`` and
``rejected`` as transcripts of HH-RLHF; gzip or not. The tokenizer is a byte-level BPE of
``--vocabulary`` tokens in the manner of GPT-2, learned from the texts of the first file, with a
chat template of ChatML's form. Sides run in turns, in one process and one thread, and each case
prints one line of JSON:

- ``ours``: `Auditor.audit`: texts, tokens, lengths, findings;
- ``whole``: the same without the borders at special tokens, so each text is tokenised whole;
- ``rows``: row by row the three calls of ``apply_chat_template`` and the common prefixes that TRL
  1.16's ``tokenize_fn`` makes, then the slices of its collator; nothing of `datasets`, which TRL
  needs besides.

``cpu_seconds`` is the least of the repetitions, without loading. ``times`` is ours against each
side. ``is_same`` says that the rows that are lost are those of ``rows``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

__all__: list[str] = []

Pair = tuple[list[dict[str, str]], str, str]
"""Messages of the prompt, chosen, rejected."""

_WANTED = 1.5
_DRAWN_PAIRS, _WORDS = 1_000, 20_000
_SIDES = ("chosen", "rejected")


def main() -> None:
    """Measure each file, or drawn texts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trainability")
    parser.add_argument("--file", type=Path, action="append", default=[])
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--vocabulary", type=int, default=16_000)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    # Batches use all cores otherwise, which loops cannot.
    os.environ |= {"RAYON_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    cases = {file.name: _read(file) for file in options.file} or {"drawn": _drawn()}
    cases["four responses, six pairs"] = _crossed(next(iter(cases.values())))
    with tempfile.TemporaryDirectory() as folder:
        _learn(next(iter(cases.values())), options.vocabulary, Path(folder))
        for name, pairs in cases.items():
            measured = _case(pairs, folder, options.max_length, options.repetitions)
            print(json.dumps({"case": name, **measured}), flush=True)


def _case(pairs: list[Pair], folder: str, max_length: int, repetitions: int) -> dict[str, Any]:
    from prefdata.protocols import Tokenization
    from prefdata.trainability import FATAL, Auditor

    frame = _frame(pairs)
    params = Tokenization(tokenizer=folder, max_length=max_length)
    auditor, whole = Auditor(params), Auditor(params)
    untyped: Any = whole
    untyped._tokenizer._borders = None  # noqa: SLF001 - there is no other way to be slow
    tokenizer = _tokenizer(folder)
    sides: dict[str, Callable[[], Any]] = {
        "ours": lambda: auditor.audit(frame),
        "whole": lambda: whole.audit(frame),
        "rows": lambda: _rows(pairs, tokenizer, max_length),
    }
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    found: dict[str, Any] = {}
    for _ in range(repetitions):
        for side, run in sides.items():
            began = time.process_time()
            found[side] = run()
            seconds[side].append(time.process_time() - began)
    least = {side: min(taken) for side, taken in seconds.items()}
    lost = {row[0] for row in found["ours"].iter_rows() if row[1] in FATAL}
    return {
        "pairs": len(pairs),
        "max_length": max_length,
        "n_tokens": found["rows"][1],
        "cpu_seconds": {side: round(value, 3) for side, value in least.items()},
        "pairs_per_cpu_second": {side: round(len(pairs) / value) for side, value in least.items()},
        "times": {side: round(value / least["ours"], 2) for side, value in least.items()},
        "is_same": lost == found["rows"][0] and found["ours"].equals(found["whole"]),
        "n_lost": len(lost),
        "is_met": least["rows"] / least["ours"] >= _WANTED,
    }


def _rows(pairs: list[Pair], tokenizer: Any, max_length: int) -> tuple[set[str], int]:
    """Return which pairs are left out or become the same, and how many tokens were made."""
    lost, n_tokens = set(), 0
    for place, (prompt, *answers) in enumerate(pairs):
        alone = tokenizer.apply_chat_template(
            prompt, tokenize=True, return_dict=True, add_generation_prompt=True
        )["input_ids"]
        texts = [
            tokenizer.apply_chat_template(
                [*prompt, {"role": "assistant", "content": text}], tokenize=True, return_dict=True
            )["input_ids"]
            for text in answers
        ]
        border = min(_common(alone, text) for text in texts)
        masks = [[0] * border + [1] * (len(text) - border) for text in texts]
        cut = [
            (text[:max_length], mask[:max_length]) for text, mask in zip(texts, masks, strict=True)
        ]
        n_tokens += len(alone) + sum(map(len, texts))
        if border >= max_length or cut[0] == cut[1]:
            lost.add(str(place))
    return lost, n_tokens


def _common(left: list[int], right: list[int]) -> int:
    """Return the length of the common prefix, in the words of TRL."""
    length = 0
    for token, other in zip(left, right, strict=False):
        if token != other:
            break
        length += 1
    return length


def _frame(pairs: list[Pair]) -> pl.DataFrame:
    import polars as pl

    from prefdata.tables.messages import MESSAGES

    rows = [
        {"pair_id": str(place), "prompt": prompt}
        | {
            side: [{"role": "assistant", "content": text}]
            for side, text in zip(_SIDES, answers, strict=True)
        }
        for place, (prompt, *answers) in enumerate(pairs)
    ]
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(("prompt", *_SIDES), MESSAGES))


def _read(file: Path) -> list[Pair]:
    opened: Any = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    if "prompt" in rows[0]:
        return [
            ([{"role": "user", "content": row["prompt"]}], row["chosen"], row["rejected"])
            for row in rows
        ]
    return [pair for row in rows for pair in _transcribed(row["chosen"], row["rejected"])]


def _transcribed(chosen: str, rejected: str) -> Iterator[Pair]:
    """Yield the pair of two transcripts, if they part at the last turn and roles alternate."""
    turns, others = (text.split("\n\nHuman: ")[1:] for text in (chosen, rejected))
    said = [turn.split("\n\nAssistant:") for turn in turns]
    if not turns or turns[:-1] != others[:-1] or any(len(one) != 2 for one in said):  # noqa: PLR2004
        return
    asked, answer = said[-1]
    other = others[-1].removeprefix(f"{asked}\n\nAssistant:")
    prompt = [
        {"role": role, "content": text.strip()}
        for one in said[:-1]
        for role, text in zip(("user", "assistant"), one, strict=True)
    ]
    yield [*prompt, {"role": "user", "content": asked}], answer.strip(), other.strip()


def _crossed(pairs: list[Pair]) -> list[Pair]:
    """Return each two of four responses under the prompt of every second pair."""
    return [
        (prompt, *(texts[i] for i in two))
        for (prompt, *own), (_, *others) in zip(pairs[::2], pairs[1::2], strict=False)
        for texts in [[*own, *others]]
        for two in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
    ]


def _drawn() -> list[Pair]:
    """Return pairs of words that are as frequent as words are, from a seed."""
    draw = random.Random(0)  # noqa: S311 - a seed makes the same texts
    letters = "etaoinshrdlucmfwypvbg"
    words = ["".join(draw.choices(letters, k=draw.randint(1, 9))) for _ in range(_WORDS)]
    weights = [1 / (rank + 2) for rank in range(_WORDS)]

    def text(n_words: float) -> str:
        n = max(1, round(draw.lognormvariate(0, 0.8) * n_words))
        return " ".join(draw.choices(words, weights, k=n)).capitalize() + "."

    return [
        ([{"role": "user", "content": text(90)}], text(130), text(130)) for _ in range(_DRAWN_PAIRS)
    ]


def _learn(pairs: list[Pair], vocabulary: int, folder: Path) -> None:
    """Learn a byte-level BPE, and save it as a tokenizer of transformers."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    from prefdata.testing.causal import CHAT_TEMPLATE

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=["<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (text for prompt, *answers in pairs for text in (prompt[-1]["content"], *answers))
    made.train_from_iterator(texts, trainer)
    untyped: Any = PreTrainedTokenizerFast
    saved = untyped(tokenizer_object=made, eos_token="<|im_end|>")  # noqa: S106 - of texts
    saved.chat_template = CHAT_TEMPLATE
    saved.save_pretrained(folder)


def _tokenizer(folder: str) -> Any:
    from transformers import AutoTokenizer

    untyped: Any = AutoTokenizer
    return untyped.from_pretrained(folder)


if __name__ == "__main__":
    main()
