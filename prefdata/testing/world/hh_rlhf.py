"""The synthetic HH-RLHF: eight gzip JSON Lines files of pairs, with their irregular rows.

Published counts of rows hold per file. The share of each kind of irregular row is the one measured
on ``harmless-base/test`` (2,312 rows) or on ``helpful-base/test`` (1,987 rows); the helpful sample
hides diverging transcripts, so those have the harmless rate everywhere. An irregular row carries
one quirk. The crowd has one value group per kind of tranche: careful or thorough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

import numpy as np

from prefdata.testing.world.counts import column, generator, pick, planted, shrink
from prefdata.testing.world.edits import kinds, repeat
from prefdata.testing.world.planted import NEAR_DUPLICATE_RATE, NOISE_RATE, Planted
from prefdata.testing.world.red_team import write_red_team
from prefdata.testing.world.text import Composer
from prefdata.testing.world.values import GROUPS, draw_styles, utilities

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from prefdata.testing.world.tiles import Tile
    from prefdata.testing.world.values import Styles
    from prefdata.testing.world.writing import RawFiles

__all__ = [
    "QUIRKS",
    "ROWS",
    "TURNS",
    "PlainPrompt",
    "plain_prompts",
    "rows_before",
    "write_hh_rlhf",
]

ROWS = {
    "harmless-base/train.jsonl.gz": 42_537,
    "harmless-base/test.jsonl.gz": 2_312,
    "helpful-base/train.jsonl.gz": 43_835,
    "helpful-base/test.jsonl.gz": 2_354,
    "helpful-online/train.jsonl.gz": 22_007,
    "helpful-online/test.jsonl.gz": 1_137,
    "helpful-rejection-sampled/train.jsonl.gz": 52_421,
    "helpful-rejection-sampled/test.jsonl.gz": 2_749,
}
"""Published rows: train 160,800, test 8,552."""

TURNS = {
    "harmless": {
        2: 661, 4: 580, 6: 589, 8: 354, 10: 68, 12: 19, 14: 16, 16: 7, 18: 4, 22: 2, 36: 1,
    },
    "helpful": {2: 599, 4: 523, 6: 476, 8: 269, 10: 70, 12: 25, 14: 12, 16: 7, 18: 3, 22: 2, 50: 1},
}  # fmt: skip
"""Turns of regular transcripts; beyond 8 the helpful ones are ours, up to the published 50."""

_N_HARMLESS, _N_HELPFUL = 2_312, 1_987
QUIRKS = {
    "harmless": {
        "chosen_longer": (4, _N_HARMLESS),
        "rejected_longer": (1, _N_HARMLESS),
        "consecutive_roles": (4, _N_HARMLESS),
        "empty_chosen": (4, _N_HARMLESS),
        "marker_in_prefix": (31, _N_HARMLESS),
        "marker_in_chosen": (9, _N_HARMLESS),
        "marker_in_rejected": (2, _N_HARMLESS),
        "single_newline_marker": (1, _N_HARMLESS),
        "no_colon_chosen": (1, _N_HARMLESS),
        "same_prompt": (2, _N_HARMLESS),
    },
    "helpful": {
        "chosen_longer": (4, _N_HARMLESS),
        "rejected_longer": (1, _N_HARMLESS),
        "consecutive_roles": (7, _N_HELPFUL),
        "empty_rejected": (3, _N_HELPFUL),
        "empty_turn": (1, _N_HELPFUL),
        "identical_pair": (2, _N_HELPFUL),
        "marker_in_prefix": (15, _N_HELPFUL),
        "marker_in_chosen": (6, _N_HELPFUL),
        "marker_in_rejected": (17, _N_HELPFUL),
        "no_colon_chosen": (1, _N_HELPFUL),
        "no_colon_rejected": (2, _N_HELPFUL),
    },
}
"""How many rows out of how many carry a quirk; ``same_prompt`` counts pairs of rows."""

_CURLY = (1_906, 2_312)
_CHUNK = 4_096
_SINGLE = 2
"""Turns of a conversation with one prompt and one response."""


class PlainPrompt(NamedTuple):
    """A prompt of one turn."""

    row: int
    text: str
    topic: int


class _File:
    """The plan of one file: everything about its rows but the text of later turns."""

    def __init__(self, rng: np.random.Generator, composer: Composer, name: str, rows: int) -> None:
        self.rng, self.composer, self.name, self.rows = rng, composer, name, rows
        self.kind = "harmless" if name.startswith("harmless") else "helpful"
        self.prompts, self.topics = composer.prompts(rng, rows, long_share=0.4)
        self.turns = np.array(column(rng, TURNS[self.kind], rows), dtype=np.int64)
        self.quirks = self._place_quirks()
        self.styles, self.flipped = self._choose()
        self._plant_near_duplicates()
        self.curly = self._choose_curly()

    def _place_quirks(self) -> dict[str, list[int]]:
        """Give every quirk rows of its own."""
        counts = {
            quirk: planted(*rate, self.rows) * (2 if quirk == "same_prompt" else 1)
            for quirk, rate in QUIRKS[self.kind].items()
        }
        if self.name == "helpful-base/train.jsonl.gz":
            counts["no_assistant"] = planted(1, self.rows, self.rows)
        free = self.rng.permutation(self.rows).tolist()
        quirks = {}
        for quirk, count in counts.items():
            quirks[quirk], free = sorted(free[:count]), free[count:]
        for row in quirks.get("marker_in_prefix", []) + quirks.get("empty_turn", []):
            self.turns[row] = max(4, self.turns[row])
        pairs = quirks.get("same_prompt", [])
        self.turns[pairs] = 2
        for first, second in zip(pairs[::2], pairs[1::2], strict=True):
            self.prompts[second] = self.prompts[first]
            self.topics[second] = self.topics[first]
        self.free = sorted(free)
        return quirks

    def _choose(self) -> tuple[Styles, NDArray[np.int64]]:
        """Draw two responses per row, chosen first unless the label is noise."""
        both = draw_styles(self.rng, 2 * self.rows).reshape(self.rows, 2, -1)
        group = "careful" if self.kind == "harmless" else "thorough"
        groups = np.full((self.rows, 2), list(GROUPS).index(group))
        values = utilities(both, groups, self.rng)
        second_wins = values[:, 1] > values[:, 0]
        flipped = pick(self.rng, self.rows, planted(*NOISE_RATE, self.rows))
        second_wins[flipped] = ~second_wins[flipped]
        both[second_wins] = both[second_wins, ::-1]
        return both, flipped

    def _plant_near_duplicates(self) -> None:
        """Let some regular rows repeat the prompt of another regular row.

        Both have one turn of the human only: with more, the prompt would be the conversation up to
        the last of them, and a like beginning would not make two of those alike.
        """
        single = [row for row in self.free if self.turns[row] == _SINGLE]
        count = min(planted(*NEAR_DUPLICATE_RATE, self.rows), len(single) // 2)
        chosen = self.rng.permutation(np.array(single, dtype=np.int64))
        rows, of_rows, rest = np.split(chosen, [count, 2 * count])
        self.copies, self.originals = rows.tolist(), of_rows.tolist()
        self.copied = kinds(count, crc32(self.name.encode()))
        fillers = self.composer.lexicon.circumstances.fillers
        repeat(self.prompts, self.copies, self.originals, self.copied, fillers)
        self.topics[rows] = self.topics[of_rows]
        self.single = np.sort(rest)

    def _choose_curly(self) -> NDArray[np.bool_]:
        """Choose the rows that have curly quotes, which no repeated prompt may have.

        The measured number is that of rows that are not ASCII, so the copies in another Unicode
        form are taken off.
        """
        others = sum(not self.prompts[row].isascii() for row in self.copies)
        repeated = [*self.copies, *self.originals, *self.quirks.get("same_prompt", [])]
        free = np.setdiff1d(np.arange(self.rows), repeated)
        count = planted(*_CURLY, self.rows) - others
        curly = np.zeros(self.rows, dtype=bool)
        curly[free[pick(self.rng, len(free), count)]] = True
        return curly

    def plain_prompts(self) -> list[PlainPrompt]:
        """Return the prompts that stand in the file as they are, alone, and once."""
        rows = self.single[~self.curly[self.single]].tolist()
        return [PlainPrompt(row, self.prompts[row], int(self.topics[row])) for row in rows]

    def record(self, truth: Planted) -> None:
        """Tell the truth of this file."""
        truth.near_duplicates(self.name, self.copies, self.name, self.originals, self.copied)
        rows = np.arange(self.rows)
        for position in (0, 1):
            truth.responses(self.name, rows, position, self.styles[:, position])
        truth.noisy(self.name, self.flipped.tolist())
        for quirk, found in self.quirks.items():
            truth.quirk(self.name, found, quirk)
        truth.quirk(self.name, np.flatnonzero(self.curly).tolist(), "curly_quotes")

    def lines(self) -> Iterator[dict[str, str]]:
        """Write the rows, a chunk of text at a time."""
        quirk_of = {row: quirk for quirk, rows in self.quirks.items() for row in rows}
        for start in range(0, self.rows, _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, self.rows))
            topics = self.topics[rows]
            middle = np.repeat(topics, self.turns[rows] // 2 - 1)
            said = iter(
                self.composer.replies(
                    self.rng, middle, draw_styles(self.rng, len(middle)), mean_sentences=1.8
                )
            )
            asked = iter(self.composer.follow_ups(self.rng, middle))
            finals = [
                self.composer.replies(self.rng, topics, self.styles[rows, side], mean_sentences=2.6)
                for side in (0, 1)
            ]
            extras = self.composer.replies(
                self.rng, topics, draw_styles(self.rng, len(rows)), mean_sentences=1.0
            )
            # One Python string per row is the product itself; all chance was drawn above.
            for row, chosen, rejected, extra in zip(rows.tolist(), *finals, extras, strict=True):
                quirk = quirk_of.get(row, "")
                exchanges = [
                    (next(said), next(asked)) for _ in range(int(self.turns[row]) // 2 - 1)
                ]
                prefix = _prefix(self.prompts[row], exchanges, quirk)
                pair = _pair(prefix, chosen, rejected, extra, quirk)
                yield _curly(*pair) if self.curly[row] else {"chosen": pair[0], "rejected": pair[1]}


def _prefix(prompt: str, exchanges: list[tuple[str, str]], quirk: str) -> str:
    """Write everything before the last reply."""
    parts = [f"\n\nHuman: {prompt}"]
    for index, (reply, question) in enumerate(exchanges):
        said = reply
        if index == 0 and quirk == "marker_in_prefix":
            said = f"Human: {reply}"
        elif index == 0 and quirk == "empty_turn":
            said = ""
        parts.append(f"\n\nAssistant: {said}\n\nHuman: {question}")
    return "".join(parts)


def _pair(prefix: str, chosen: str, rejected: str, extra: str, quirk: str) -> tuple[str, str]:
    """Write both transcripts, with the quirk of the row."""
    mark = "\n\nAssistant: "
    ends = {
        "chosen_longer": (f"{extra}{mark}{chosen}", rejected),
        "rejected_longer": (chosen, f"{extra}{mark}{rejected}"),
        "consecutive_roles": (f"{extra}{mark}{chosen}", f"{extra}{mark}{rejected}"),
        "empty_chosen": ("", rejected),
        "empty_rejected": (chosen, ""),
        "identical_pair": (chosen, chosen),
        "marker_in_chosen": (f"{chosen}  Human: Really?  Assistant: Yes.", rejected),
        "marker_in_rejected": (chosen, f"{rejected}  Human: Really?  Assistant: Yes."),
        "single_newline_marker": (f"{chosen}\nHuman: Ok, thanks.", rejected),
        "no_colon_chosen": (f"{chosen}\n\nHuman", rejected),
        "no_colon_rejected": (chosen, f"{rejected}\n\nHuman"),
    }
    left, right = ends.get(quirk, (chosen, rejected))
    if quirk == "no_assistant":
        return prefix[: _second_turn(prefix)], f"{prefix}{mark}{right}"
    return f"{prefix}{mark}{left}", f"{prefix}{mark}{right}"


def _second_turn(prefix: str) -> int:
    spot = prefix.find("\n\nAssistant:")
    return len(prefix) if spot < 0 else spot


def _curly(chosen: str, rejected: str) -> dict[str, str]:
    """Use curly quotes, and make sure that there is one to see."""
    pair = [text.replace("'", "’") for text in (chosen, rejected)]
    if "’" not in pair[0]:
        start = "\n\nHuman: "
        pair = [f"{start}I’m not sure. {text.removeprefix(start)}" for text in pair]
    return {"chosen": pair[0], "rejected": pair[1]}


def rows_before(tile: Tile, name: str) -> int:
    """Count the rows that a file has before those of a tile."""
    return tile.number * max(1, shrink(ROWS, tile.size)[name]) if tile.number else 0


def plain_prompts(tile: Tile, name: str) -> list[PlainPrompt]:
    """Return prompts of a tile of one file that another source can copy, without writing the file.

    They are those of regular rows with one turn of the human, not near-duplicates of another, with
    straight quotes: what a row says before its responses is the text, and nothing else.

    Args:
        tile: Which part of a world; rows count from 0 within it.
        name: Name of a file, a key of `ROWS`.
    """
    rows = max(1, shrink(ROWS, tile.spec.scale)[name])
    rng = generator(tile.spec.seed, "hh-rlhf", name)
    plan = _File(rng, Composer(tile.lexicon()), name, rows)
    return plan.plain_prompts()


def write_hh_rlhf(files: RawFiles, tile: Tile, truth: Planted) -> None:
    """Write a tile of the nine files."""
    composer = Composer(tile.lexicon())
    for name, count in shrink(ROWS, tile.spec.scale).items():
        rows = max(1, count)
        plan = _File(generator(tile.spec.seed, "hh-rlhf", name), composer, name, rows)
        plan.record(truth)
        files.lines(name, plan.lines())
    write_red_team(files, tile, truth)
    crowds = {"harmless": "careful", "helpful": "thorough"}
    indices = [list(GROUPS).index(group) for group in crowds.values()]
    if tile.number == 0:  # the same crowds answer in all tiles
        truth.annotators(list(crowds), np.array(indices))
    truth.parameters["crowds"] = crowds
