"""The synthetic UltraFeedback: six JSON Lines files of instructions with four rated completions.

Rows per file are the published ones, exactly one row has a single completion, and 2,628 completions
show an overall score of 10 in the ``pre-fix`` vintage. What the published fix did to them is the
``post-fix`` vintage: ones are ones again, tens stay, those between were scored anew.
Not published and therefore ours: the rate of ``N/A`` ratings (1.5 %), how the 2,628 divide
(two fifths ones, two fifths tens), and 20 instructions of ``truthful_qa`` that two files repeat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from prefdata.testing.world.counts import apportion, generator, pick, planted, shrink
from prefdata.testing.world.edits import kinds, repeat
from prefdata.testing.world.judge import ASPECTS, CRITIQUES, LENGTH_BIAS, RATIONALES, judge
from prefdata.testing.world.planted import NEAR_DUPLICATE_RATE, Planted
from prefdata.testing.world.text import Composer
from prefdata.testing.world.values import draw_styles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.testing.world.spec import WorldSpec
    from prefdata.testing.world.tiles import Tile
    from prefdata.testing.world.writing import RawFiles

__all__ = ["MODELS", "ROWS", "write_ultrafeedback"]

ROWS = {
    "evol_instruct.jsonl": 10_000,
    "false_qa.jsonl": 2_339,
    "flan.jsonl": 20_939,
    "sharegpt.jsonl": 19_949,
    "truthful_qa.jsonl": 811,
    "ultrachat.jsonl": 9_929,
}
"""Published rows, 63,967 together, in the order that the hub serves them."""

MODELS = (
    "alpaca-7b", "bard", "falcon-40b-instruct", "gpt-3.5-turbo", "gpt-4", "llama-2-13b-chat",
    "llama-2-70b-chat", "llama-2-7b-chat", "mpt-30b-chat", "pythia-12b", "starchat",
    "ultralm-13b", "ultralm-65b", "vicuna-33b", "wizardlm-13b", "wizardlm-70b", "wizardlm-7b",
)  # fmt: skip

_PRINCIPLES = {
    "helpfulness": "As an AI assistant, aim for answers that people can use right away.",
    "truthfulness": "As an AI assistant, say only what you have good reason to believe.",
    "honesty": "As an AI assistant, be open about what you know and what you do not know.",
    "verbalized_calibration": "As an AI assistant, say how sure you are of each statement.",
}

_N_TENS, _GOOD = 2_628, 4
_SHORT_FILE = "sharegpt.jsonl"
_CONTAMINATED = {"flan.jsonl": (10, 20_939), "sharegpt.jsonl": (10, 19_949)}
_QUIRKS = {
    "empty_response": (1, 600),
    "template_debris": (4, 1_200),
    "identical_responses": (5, 1_200),
}
_DEBRIS = ("</s>", "<|im_end|>")
_CHUNK = 1_024


class _File:
    """The plan of one file: everything but the text of completions and critiques."""

    def __init__(self, composer: Composer, spec: WorldSpec, name: str, rows: int) -> None:
        self.rng = generator(spec.seed, "ultrafeedback", name)
        self.composer, self.spec, self.name, self.rows = composer, spec, name, rows
        self.instructions, self.topics = composer.prompts(self.rng, rows, long_share=0.7)
        self.styles = draw_styles(self.rng, 4 * rows).reshape(rows, 4, -1)
        self.models = np.argsort(self.rng.random((rows, len(MODELS))), axis=1)[:, :4]
        self.principles = self.rng.integers(len(_PRINCIPLES), size=(rows, 4))
        self.words = self.rng.integers(30, size=(rows, 4, 8))
        self.short_row = rows // 2 if name == _SHORT_FILE else None
        free = self.rng.permutation(np.setdiff1d(np.arange(rows), [rows // 2])).tolist()
        self.quirks: dict[str, list[int]] = {}
        for quirk, rate in _QUIRKS.items():
            count = min(planted(*rate, rows), len(free))
            self.quirks[quirk], free = sorted(free[:count]), free[count:]
        self.free = free

    def plant_duplicates(self, truth: Planted, benchmark: list[str]) -> None:
        """Repeat instructions of this file in all kinds, and of a benchmark as they are."""
        n_same = planted(*_CONTAMINATED[self.name], self.rows) if self.name in _CONTAMINATED else 0
        n_same = min(n_same, len(self.free), len(benchmark))
        same, free = self.free[:n_same], self.free[n_same:]
        of = pick(self.rng, len(benchmark), n_same).tolist()
        for row, of_row in zip(same, of, strict=True):
            self.instructions[row] = benchmark[of_row]
        truth.near_duplicates(self.name, same, "truthful_qa.jsonl", of, "exact")
        truth.quirk(self.name, same, "contaminated")
        # The benchmark itself stays as it is, so that its repeats are exact.
        count = min(planted(*NEAR_DUPLICATE_RATE, self.rows), len(free) // 2) if benchmark else 0
        rows, of_rows = free[:count], free[count : 2 * count]
        copied = kinds(count, crc32(self.name.encode()))
        fillers = self.composer.lexicon.circumstances.fillers
        repeat(self.instructions, rows, of_rows, copied, fillers)
        self.topics[rows] = self.topics[of_rows]
        truth.near_duplicates(self.name, rows, self.name, of_rows, copied)

    def judge(self, truth: Planted, n_extreme: int) -> None:
        """Let the judge speak, and tell the truth about it."""
        self.verdicts = judge(
            self.rng, self.styles, self.models, n_extreme=n_extreme, short_row=self.short_row
        )
        exists = np.ones((self.rows, 4), dtype=bool)
        if self.short_row is not None:
            exists[self.short_row, 1:] = False
            truth.quirk(self.name, [self.short_row], "fewer_than_two_completions")
        rows, positions = np.nonzero(exists)
        truth.responses(self.name, rows, positions, self.styles[exists])
        rows, positions = np.nonzero(self.verdicts.flipped & exists)
        truth.noisy(self.name, rows.tolist(), position=positions)
        unrated = (self.verdicts.ratings == 0).any(axis=2) & exists
        planted_rows = {
            **self.quirks,
            "not_rated": np.flatnonzero(unrated.any(axis=1)).tolist(),
            "one_shown_as_ten": np.flatnonzero(self.verdicts.is_one.any(axis=1)).tolist(),
        }
        for quirk, found in planted_rows.items():
            truth.quirk(self.name, found, quirk)

    def lines(self) -> Iterator[dict[str, Any]]:
        """Write the rows, a chunk of text at a time."""
        empty, debris, same = (set(self.quirks[quirk]) for quirk in _QUIRKS)
        has_answers = self.name == "truthful_qa.jsonl"
        for start in range(0, self.rows, _CHUNK):
            rows = range(start, min(start + _CHUNK, self.rows))
            topics = np.repeat(self.topics[rows.start : rows.stop], 4)
            styles = self.styles[rows.start : rows.stop].reshape(len(topics), -1)
            texts = self.composer.replies(self.rng, topics, styles, mean_sentences=9)
            # One Python object per row is the product itself; all chance was drawn above.
            for index, row in enumerate(rows):
                responses = texts[4 * index : 4 * index + 4]
                if row in empty:
                    responses[row % 4] = ""
                elif row in debris:
                    responses[row % 4] += _DEBRIS[row % 2]
                elif row in same:
                    responses[1] = responses[0]
                size = 1 if row == self.short_row else 4
                about = self.composer.lexicon.topics[self.composer.topics[topics[4 * index]]]
                yield {
                    "source": self.name.removesuffix(".jsonl"),
                    "instruction": self.instructions[row],
                    "models": [MODELS[model] for model in self.models[row, :size].tolist()],
                    "completions": [
                        self._completion(row, position, responses[position])
                        for position in range(size)
                    ],
                    "correct_answers": [f"It depends on {x}." for x in about[:3]]
                    if has_answers
                    else ["None"],
                    "incorrect_answers": [f"It is only ever {x}." for x in about[3:5]]
                    if has_answers
                    else ["None"],
                }

    def _completion(self, row: int, position: int, response: str) -> dict[str, Any]:
        verdicts = self.verdicts
        principle = list(_PRINCIPLES)[self.principles[row, position]]
        words = self.words[row, position].tolist()
        ratings = verdicts.ratings[row, position].tolist()
        score = float(verdicts.overall[row, position])
        is_old = self.spec.ultrafeedback_vintage == "pre-fix"
        if is_old and verdicts.is_extreme[row, position]:
            score = 10.0
        completion: dict[str, Any] = {
            "model": MODELS[self.models[row, position]],
            "principle": principle,
            "custom_system_prompt": _PRINCIPLES[principle],
            "response": response,
            "critique": " ".join(CRITIQUES[(words[0] + 3 * step) % 10] for step in range(6)),
            "overall_score": score,
        }
        rated = [rating for rating in ratings if rating]
        if not is_old:
            mean = sum(rated) / len(rated) if rated else None
            completion["fine-grained_score"] = mean
        completion["annotations"] = {
            aspect: self._aspect(aspect, rating, words[1 + 2 * (index % 3) :])
            for index, (aspect, rating) in enumerate(zip(ASPECTS, ratings, strict=True))
        }
        return completion

    def _aspect(self, aspect: str, rating: int, words: list[int]) -> Any:
        said = RATIONALES[rating or 3]
        first, second = said[words[0] % 3], said[(words[0] + 1) % 3]
        note: dict[str, Any] = {
            "Rating": str(rating) if rating else "N/A",
            "Rationale": f"{first} {second}",
        }
        if aspect in {"helpfulness", "truthfulness"}:
            note["Rationale For Rating"] = said[words[1] % 3]
            none = aspect == "truthfulness" and rating >= _GOOD
            note["Type"] = ["None"] if none else [str(t) for t in range(1, 2 + words[1] % 3)]
        return [note] if self.spec.ultrafeedback_annotations == "array" else note


def write_ultrafeedback(files: RawFiles, tile: Tile, truth: Planted) -> None:
    """Write a tile of the six files."""
    spec, composer = tile.spec, Composer(tile.lexicon())
    counts = {name: max(1, rows) for name, rows in shrink(ROWS, spec.scale).items()}
    tens = apportion(ROWS, round(_N_TENS * spec.scale))
    benchmark_file = "truthful_qa.jsonl"
    rng = generator(spec.seed, "ultrafeedback", benchmark_file)
    benchmark, _ = composer.prompts(rng, counts[benchmark_file], long_share=0.7)
    for name, rows in counts.items():
        plan = _File(composer, spec, name, rows)
        plan.plant_duplicates(truth, [] if name == benchmark_file else benchmark)
        plan.judge(truth, min(tens[name], rows))
        files.lines(name, plan.lines())
    truth.parameters |= {"judge": "gpt-4", "length_bias": LENGTH_BIAS}
