"""The synthetic MultiPref: one Parquet file of comparisons, each with four nested annotations.

10,461 comparisons over 5,323 prompts by 227 normal and 60 expert workers (numbers of prompts and
of workers are ours). Two of each kind answer for helpful, truthful, harmless and overall on five
steps. Experts follow the qualities more closely than normal workers do.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from prefdata.testing.world.counts import column, generator, pick, planted
from prefdata.testing.world.multipref_prompts import Prompts, relabel
from prefdata.testing.world.planted import NOISE_RATE, Planted
from prefdata.testing.world.text import Composer
from prefdata.testing.world.values import assign_groups, draw_styles, weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prefdata.testing.world.tiles import Tile
    from prefdata.testing.world.values import Styles
    from prefdata.testing.world.writing import RawFiles

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float32]

__all__ = ["FILE", "PREFERENCES", "ROWS", "SCHEMA", "write_multipref"]

FILE = "data/train-00000-of-00001.parquet"
ROWS = 10_461
_N_NORMAL, _N_EXPERT = 227, 60

PREFERENCES = (
    "A-is-clearly-better",
    "A-is-slightly-better",
    "Tie",
    "B-is-slightly-better",
    "B-is-clearly-better",
)
_ASPECTS = ("helpful", "truthful", "harmless", "overall")
_CONFIDENCE = ("absolutely-confident", "fairly-confident", "not-confident")
_SURE = (0.5, 0.4, 0.1)
_REASONS = {
    "helpful": ("follows the instruction", "easier to read", "more complete"),
    "truthful": ("fewer errors", "says what it does not know", "better sources"),
    "harmless": ("warns of risks", "more respectful", "refuses politely"),
}
# Which qualities an aspect is about: detail, warmth, safety, structure, soundness.
_MEANING = np.array(
    [[1.0, 1.0, 0.0, 1.0, 0.5], [0.0, 0.0, 0.5, 0.0, 3.0], [0.0, 0.5, 3.0, 0.0, 0.5]],
    dtype=np.float32,
)
_NOISE = (0.6, 0.6, 0.3, 0.3)
"""Standard deviation of the four workers' judgment: two normal, two expert."""
_STEPS = (-2.2, -0.6, 0.6, 2.2)

_MODELS = ("allenai/tulu-2-7b", "allenai/tulu-2-70b", "meta-llama/Llama-2-70b-chat-hf",
           "meta-llama/Meta-Llama-3-70B-Instruct", "gpt-3.5-turbo-0125",
           "gpt-4-turbo-2024-04-09")  # fmt: skip
_SOURCES = {
    "anthropic/helpful-base": 20,
    "anthropic/harmless-base": 15,
    "chatbot_arena_conversations": 25,
    "sharegpt": 25,
    "wildchat": 15,
}
_CATEGORIES = {
    "Generation": 30,
    "Open QA": 25,
    "Brainstorm": 15,
    "Chat": 10,
    "Rewrite": 5,
    "Summarize": 4,
    "Coding": 4,
    "Classify": 2,
    "Closed QA": 2,
    "Extract": 1,
    "": 2,
}
_SUBJECTS = ("Biology", "Computer Science", "History", "Law", "Medicine", "Physics")
_DEGREES = ("Bachelor's", "Master's", "Doctorate")
_ADJECTIVES = ("jovial", "quiet", "brave", "gentle", "eager", "clever", "proud", "sunny", "calm",
               "witty", "kind", "swift", "bold", "loyal", "merry", "noble")  # fmt: skip
_NAMES = (
    "shirley", "turing", "curie", "noether", "hopper", "lovelace", "bohr", "darwin", "euler",
    "fermi", "gauss", "hypatia", "kepler", "lamarr", "mendel", "newton", "pascal", "raman",
)  # fmt: skip
_BEGIN = dt.datetime(2024, 5, 1, 8, 0, 0, tzinfo=dt.UTC)


def _annotation_type() -> pa.DataType:
    """Describe one annotation: 17 fields in alphabetical order."""
    fields = {"evaluator": pa.string(), "time_spent": pa.int64(), "timestamp": pa.string()}
    for aspect in _ASPECTS:
        fields |= {f"{aspect}_pref": pa.string(), f"{aspect}_confidence": pa.string()}
        if aspect != "overall":
            fields[f"{aspect}_checked_reasons"] = pa.list_(pa.string())
            fields[f"{aspect}_own_reason"] = pa.string()
    return pa.struct(sorted(fields.items()))


_STRINGS = ("comparison_id", "prompt_id", "text", "model_a", "completion_a", "model_b",
            "completion_b", "source", "category", "subject_study",
            "highest_level_degree")  # fmt: skip
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in _STRINGS),
        ("normal_worker_annotations", pa.list_(_annotation_type())),
        ("expert_worker_annotations", pa.list_(_annotation_type())),
    ]
)


def _hex(*parts: object) -> str:
    """Name something by 32 hex digits of its content."""
    return hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=16).hexdigest()


def _workers(
    rng: np.random.Generator, rows: int, last_names: Sequence[str]
) -> tuple[list[str], Ints, Ints]:
    """Name the workers and give each row four: two normal, then two expert.

    Returns:
        Names, the value group of each worker, and ``(rows, 4)`` workers.
    """
    n_normal = max(3, round(_N_NORMAL * rows / ROWS))
    n_expert = max(3, round(_N_EXPERT * rows / ROWS))
    count = n_normal + n_expert
    spots = rng.permutation(len(_ADJECTIVES) * len(last_names))[:count]
    names = [
        f"{_ADJECTIVES[spot // len(last_names)]}_{last_names[spot % len(last_names)]}"
        for spot in spots.tolist()
    ]
    first = rng.integers(0, (n_normal, n_expert), size=(rows, 2))
    step = rng.integers(1, (n_normal, n_expert), size=(rows, 2))
    second = (first + step) % (n_normal, n_expert)
    both = np.stack([first, second], axis=2) + np.array([0, n_normal])[None, :, None]
    return names, assign_groups(rng, count), both.reshape(rows, 4)


def _steps(
    rng: np.random.Generator, styles: Styles, groups: Ints, flipped: NDArray[np.bool_]
) -> Ints:
    """Answer ``(rows, 4 workers, 4 aspects)`` with 0..4, from A to B."""
    difference = styles[:, 1] - styles[:, 0]
    aspects = np.einsum("rq,aq->ra", difference, _MEANING)[:, None, :].repeat(4, axis=1)
    overall = np.einsum("rq,rwq->rw", difference, weights()[groups])
    values = np.concatenate([aspects, overall[..., None]], axis=2)
    values = values + rng.normal(size=values.shape) * np.array(_NOISE)[None, :, None]
    steps = np.searchsorted(_STEPS, values)
    steps[flipped] = 4 - steps[flipped]
    return np.asarray(steps, dtype=np.int64)


class _Notes:
    """Writes annotations from numbers that are drawn at once."""

    def __init__(self, rng: np.random.Generator, workers: list[str], steps: Ints) -> None:
        rows = len(steps)
        self.workers, self.steps = workers, steps.tolist()
        self.sure = rng.choice(len(_CONFIDENCE), size=(rows, 4, 4), p=_SURE).tolist()
        self.picks = rng.integers(8, size=(rows, 4, 3)).tolist()
        self.seconds = np.exp(rng.normal(5.5, 0.7, (rows, 4))).clip(20, 5_000).astype(int).tolist()
        self.micros = rng.integers(30 * 86_400 * 10**6, size=(rows, 4)).tolist()

    def note(self, row: int, slot: int, worker: int) -> dict[str, Any]:
        """Write one annotation."""
        moment = _BEGIN + dt.timedelta(microseconds=self.micros[row][slot])
        steps, sure = self.steps[row][slot], self.sure[row][slot]
        note: dict[str, Any] = {
            "evaluator": self.workers[worker],
            "time_spent": self.seconds[row][slot],
            "timestamp": f"{moment:%Y-%m-%d %H:%M:%S.%f}",
        }
        for index, aspect in enumerate(_ASPECTS):
            note[f"{aspect}_pref"] = PREFERENCES[steps[index]]
            note[f"{aspect}_confidence"] = _CONFIDENCE[sure[index]]
            if aspect != "overall":
                bits = self.picks[row][slot][index]
                note[f"{aspect}_checked_reasons"] = [
                    reason for bit, reason in enumerate(_REASONS[aspect]) if bits >> bit & 1
                ]
                note[f"{aspect}_own_reason"] = f"It is {aspect}." if bits == 0 else ""
        return note


def write_multipref(files: RawFiles, tile: Tile, truth: Planted) -> None:
    """Write a tile of the one file."""
    spec, composer = tile.spec, Composer(tile.lexicon())
    rng = generator(spec.seed, "multipref")
    rows = max(1, round(ROWS * spec.scale))
    prompts = Prompts(rng, composer, tile, rows)
    topics = prompts.topics[prompts.of]
    styles = draw_styles(rng, 2 * rows).reshape(rows, 2, -1)
    names, groups, workers = _workers(rng, rows, tile.people(_NAMES))
    flipped = np.zeros((rows, 4), dtype=bool)
    flipped.ravel()[pick(rng, 4 * rows, planted(*NOISE_RATE, 4 * rows))] = True
    notes = _Notes(rng, names, _steps(rng, styles, groups[workers], flipped))
    sides = [composer.replies(rng, topics, styles[:, s], mean_sentences=7) for s in (0, 1)]
    models = np.argsort(rng.random((rows, len(_MODELS))), axis=1)[:, :2].tolist()
    categories, sources = column(rng, _CATEGORIES, rows), column(rng, _SOURCES, rows)
    blank = categories.index("") if "" in categories else rows - 1
    categories[blank] = ""
    relabel(sources, prompts.labels)
    table = [
        {
            "comparison_id": _hex(spec.seed, row, prompts.texts[number]),
            "prompt_id": _hex(spec.seed, number),
            "text": prompts.texts[number],
            "model_a": _MODELS[models[row][0]],
            "completion_a": sides[0][row],
            "model_b": _MODELS[models[row][1]],
            "completion_b": sides[1][row],
            "source": sources[row],
            "category": categories[row],
            "subject_study": _SUBJECTS[row % len(_SUBJECTS)],
            "highest_level_degree": _DEGREES[row % len(_DEGREES)],
            "normal_worker_annotations": [notes.note(row, s, int(workers[row, s])) for s in (0, 1)],
            "expert_worker_annotations": [notes.note(row, s, int(workers[row, s])) for s in (2, 3)],
        }
        for row, number in enumerate(prompts.of.tolist())
    ]
    files.table(FILE, pa.Table.from_pylist(table, schema=SCHEMA), row_group_size=1_000)
    prompts.record(truth, FILE)
    truth.annotators(names, groups)
    for side in (0, 1):
        truth.responses(FILE, np.arange(rows), side, styles[:, side])
    noisy, slots = np.nonzero(flipped)
    truth.noisy(FILE, noisy.tolist(), position=slots)
    truth.quirk(FILE, [row for row, name in enumerate(categories) if not name], "empty_category")
