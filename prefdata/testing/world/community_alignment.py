"""The synthetic Community Alignment v1.1: one wide CSV file of 41 columns in five languages.

Quirks: ids beyond 2^53 that collide when read as floats, turns missing in the middle, prompts
without a preferred response, absent and repeated candidates, candidate sets shared by annotators,
sometimes in another letter order, annotators that meet a set twice, and a few ``<|end_of_text|>``
(seen in v1.0 only, kept here at 1 in 5,000 responses). The order of columns is ours; the
publisher's is unverified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from prefdata.testing.world.community_annotators import DEMOGRAPHICS
from prefdata.testing.world.community_structure import LETTER_SHARES, build_structure
from prefdata.testing.world.counts import generator, pick, planted
from prefdata.testing.world.edits import kinds, repeat
from prefdata.testing.world.languages import LEXICONS
from prefdata.testing.world.planted import NEAR_DUPLICATE_RATE, Planted
from prefdata.testing.world.text import Composer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from prefdata.testing.world.community_structure import Structure
    from prefdata.testing.world.tiles import Tile
    from prefdata.testing.world.writing import RawFiles

    Ints = NDArray[np.int64]

__all__ = ["COLUMNS", "FILE", "write_community_alignment"]

FILE = "community_alignment.csv"
_TURNS = ("first", "second", "third", "fourth")
_TURN_FIELDS = (
    "prompt", "response_a", "response_b", "response_c", "response_d", "preferred_response",
    "feedback",
)  # fmt: skip

COLUMNS = (
    "conversation_id",
    "assigned_lang",
    "annotator_id",
    *(f"{turn}_turn_{field}" for turn in _TURNS for field in _TURN_FIELDS),
    *(f"annotator_{name}" for name in DEMOGRAPHICS),
    "is_pregenerated_first_prompt",
    "in_balanced_subset",
    "in_balanced_subset_10",
    "wave",
)

_EXPLAINED = (44, 100)
_DEBRIS = (1, 5_000)
_MEAN_SENTENCES = 5.0
_CHUNK = 2_048
_FIRST_ID, _IDS_PER_TILE = 10**18, 10**8
_MANY = 10


class _World:
    """The texts that several rows share, and the generator of the rest."""

    def __init__(
        self, rng: np.random.Generator, tile: Tile, structure: Structure, truth: Planted
    ) -> None:
        self.rng, self.tile, self.structure = rng, tile, structure
        self.composers = {name: Composer(tile.lexicon(name)) for name in LEXICONS}
        n = len(structure.language)
        self.languages = np.array(structure.language, dtype=object)
        self.prompts: list[str] = [""] * n
        self.topics = np.zeros(n, dtype=np.int64)
        self.set_texts: list[list[str]] = [[] for _ in structure.set_language]
        for language in self.composers:
            self._open(language, truth)

    def _open(self, language: str, truth: Planted) -> None:
        """Write the first prompts of one language, and its candidate sets."""
        structure, composer = self.structure, self.composers[language]
        sets = np.flatnonzero(np.array(structure.set_language, dtype=object) == language)
        rows = np.flatnonzero(self.languages == language)
        own = rows[structure.candidate_set[rows] < 0]
        shared = np.setdiff1d(rows, own)
        prompts = np.unique(structure.set_prompt[sets])
        texts, topics = composer.prompts(self.rng, len(prompts) + len(own), long_share=0.92)
        of_set = np.searchsorted(prompts, structure.set_prompt[sets])
        styles = structure.set_styles[sets].reshape(-1, structure.set_styles.shape[-1])
        replies = composer.replies(
            self.rng, np.repeat(topics[of_set], 4), styles, mean_sentences=_MEAN_SENTENCES
        )
        for index, number in enumerate(sets.tolist()):
            self.set_texts[number] = replies[4 * index : 4 * index + 4]
        spots = np.searchsorted(prompts, structure.set_prompt[structure.candidate_set[shared]])
        for row, spot in zip(shared.tolist(), spots.tolist(), strict=True):
            self.prompts[row] = texts[spot]
        self.topics[shared] = topics[spots]
        for row, text in zip(own.tolist(), texts[len(prompts) :], strict=True):
            self.prompts[row] = text
        self.topics[own] = topics[len(prompts) :]
        self._repeat(language, own, truth)

    def _repeat(self, language: str, own: Ints, truth: Planted) -> None:
        """Let some annotators write what another wrote, or nearly that."""
        count = min(planted(*NEAR_DUPLICATE_RATE, len(own)), len(own) // 2)
        rows, of_rows = self.rng.permutation(own)[: 2 * count].reshape(2, -1).tolist()
        copied = kinds(count, crc32(language.encode()))
        repeat(self.prompts, rows, of_rows, copied, LEXICONS[language].circumstances.fillers)
        self.topics[rows] = self.topics[of_rows]
        truth.near_duplicates(FILE, rows, FILE, of_rows, copied)

    def turns(self, begin: int, end: int) -> list[tuple[str, list[str], str]]:
        """Write prompt, candidates and feedback for turns from `begin` to before `end`."""
        structure = self.structure
        rows = structure.turn_row[begin:end]
        numbers = structure.turn_number[begin:end]
        styles = structure.turn_styles[begin:end]
        topics = self.topics[rows]
        languages = self.languages[rows]
        written: list[tuple[str, list[str], str]] = [("", [], "")] * (end - begin)
        for language, composer in self.composers.items():
            here = np.flatnonzero(languages == language)
            asked = composer.follow_ups(self.rng, topics[here])
            said = composer.replies(
                self.rng,
                np.repeat(topics[here], 4),
                styles[here].reshape(-1, styles.shape[-1]),
                mean_sentences=_MEAN_SENTENCES,
            )
            why = composer.feedback(self.rng, topics[here])
            for index, spot in enumerate(here.tolist()):
                row = int(rows[spot])
                prompt, four = asked[index], said[4 * index : 4 * index + 4]
                if numbers[spot] == 0:
                    prompt = self.prompts[row]
                    if structure.candidate_set[row] >= 0:
                        texts = self.set_texts[structure.candidate_set[row]]
                        four = [texts[letter] for letter in structure.letters[row].tolist()]
                if structure.turn_is_duplicate[begin + spot]:
                    four[3] = four[0]
                if structure.turn_is_missing[begin + spot]:
                    four[2] = ""
                written[spot] = (prompt, four, why[index])
        return written


def _ids(rng: np.random.Generator, n: int, tile: int) -> list[int]:
    """Make conversation ids beyond 2^53; neighbours collide when they are read as floats."""
    first = _FIRST_ID + _IDS_PER_TILE * tile
    numbers = first + np.cumsum(rng.integers(1, 500, size=n, dtype=np.int64))
    ids: list[int] = rng.permutation(numbers).tolist()
    return ids


def _cells(turn: tuple[str, list[str], str], choice: int, *, explained: bool) -> list[str]:
    prompt, responses, why = turn
    preferred = f"response_{'abcd'[choice]}" if choice >= 0 else ""
    return [prompt, *responses, preferred, why if explained and choice >= 0 else ""]


def _rows(world: _World, truth: Planted) -> Iterator[list[object]]:
    """Write the rows, a chunk of text at a time."""
    structure, rng = world.structure, world.rng
    n, m = len(structure.language), len(structure.turn_row)
    ids = _ids(rng, n, world.tile.number)
    explained = np.zeros(m, dtype=bool)
    chosen = np.flatnonzero(structure.turn_choice >= 0)
    explained[chosen[pick(rng, len(chosen), planted(*_EXPLAINED, len(chosen)))]] = True
    debris = pick(rng, 4 * m, planted(*_DEBRIS, 4 * m))
    dirty = set(debris.tolist())
    truth.quirk(FILE, np.unique(structure.turn_row[debris // 4]).tolist(), "end_of_text")
    meetings = np.bincount(structure.candidate_set + 1)[structure.candidate_set + 1]
    is_many = (structure.candidate_set >= 0) & (meetings >= _MANY)
    begins = np.searchsorted(structure.turn_row, np.arange(n + 1)).tolist()
    numbers = structure.turn_number.tolist()
    choices = structure.turn_choice.tolist()
    empty = [""] * len(_TURN_FIELDS)
    people = structure.annotators
    for start in range(0, n, _CHUNK):
        stop = min(start + _CHUNK, n)
        offset = begins[start]
        turns = world.turns(offset, begins[stop])
        for row in range(start, stop):  # one line per row is the product itself
            cells = [empty] * len(_TURNS)
            for spot in range(begins[row], begins[row + 1]):
                prompt, four, why = turns[spot - offset]
                soiled = [
                    f"{text}<|end_of_text|>" if text and 4 * spot + letter in dirty else text
                    for letter, text in enumerate(four)
                ]
                cells[numbers[spot]] = _cells(
                    (prompt, soiled, why), choices[spot], explained=bool(explained[spot])
                )
            person = int(structure.annotator[row])
            balanced = bool(structure.is_balanced[row])
            yield [
                ids[row],
                structure.language[row],
                people.ids[person],
                *(cell for turn in cells for cell in turn),
                *people.demographics[person],
                structure.candidate_set[row] >= 0,
                balanced,
                balanced and bool(is_many[row]),
                structure.wave[row],
            ]


def _record(structure: Structure, truth: Planted) -> None:
    """Tell the truth about annotators, responses, noise and quirks."""
    truth.annotators(structure.annotators.ids, structure.annotators.groups)
    for letter in range(4):
        truth.responses(
            FILE,
            structure.turn_row,
            letter,
            structure.turn_styles[:, letter],
            turn=structure.turn_number,
        )
    flipped = np.flatnonzero(structure.turn_is_flipped)
    truth.noisy(FILE, structure.turn_row[flipped].tolist(), turn=structure.turn_number[flipped])
    for quirk, rows in structure.quirks.items():
        truth.quirk(FILE, rows.tolist(), quirk)
    for quirk, mask in (
        ("duplicate_candidate", structure.turn_is_duplicate),
        ("missing_candidate", structure.turn_is_missing),
    ):
        truth.quirk(FILE, np.unique(structure.turn_row[mask]).tolist(), quirk)
    truth.parameters |= {
        "position_bias": dict(zip("abcd", structure.position_bias, strict=True)),
        "letter_shares": dict(zip("abcd", LETTER_SHARES, strict=True)),
    }


def write_community_alignment(files: RawFiles, tile: Tile, truth: Planted) -> None:
    """Write a tile of the one file."""
    seed = tile.spec.seed
    rng = generator(seed, "community", "structure")
    structure = build_structure(rng, tile.spec.scale, tile=tile.number)
    world = _World(generator(seed, "community", "text"), tile, structure, truth)
    _record(structure, truth)
    files.csv(FILE, COLUMNS, _rows(world, truth))
