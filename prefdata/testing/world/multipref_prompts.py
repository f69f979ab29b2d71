"""The prompts of the synthetic MultiPref: some repeat another of them, and some one of HH-RLHF.

The published prompts come from several datasets, two tranches of HH-RLHF among them. What is
copied is worked out again from the spec, so MultiPref has the same bytes with and without HH-RLHF
beside it; the truth names the rows that HH-RLHF has, or would have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prefdata.testing.world.counts import generator, planted
from prefdata.testing.world.edits import KINDS, copy_of, kinds, repeat
from prefdata.testing.world.hh_rlhf import plain_prompts, rows_before
from prefdata.testing.world.planted import CROSS_DUPLICATE_RATE, NEAR_DUPLICATE_RATE, Planted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.testing.world.edits import Kind
    from prefdata.testing.world.text import Composer
    from prefdata.testing.world.tiles import Tile

    Ints = NDArray[np.int64]

__all__ = ["HH_FILES", "Prompts", "relabel"]

HH_FILES = {
    "anthropic/harmless-base": "harmless-base/train.jsonl.gz",
    "anthropic/helpful-base": "helpful-base/train.jsonl.gz",
}
"""Files of HH-RLHF that prompts are copied from, by what MultiPref calls the source."""

_N_PROMPTS, _N_COMPARISONS = 5_323, 10_461


class Prompts:
    """Distinct prompts by number, and the number of each comparison's prompt."""

    texts: list[str]
    topics: Ints
    of: Ints
    """``(rows,)``, the prompt of each comparison."""

    def __init__(self, rng: np.random.Generator, composer: Composer, tile: Tile, rows: int) -> None:
        """Write the prompts, and give each comparison one."""
        count = max(1, round(_N_PROMPTS * rows / _N_COMPARISONS))
        self._fillers = composer.lexicon.circumstances.fillers
        self.texts, self.topics = composer.prompts(rng, count, long_share=0.5)
        again = rng.integers(count, size=rows - count)
        free = rng.permutation(count)
        order = rng.permutation(rows)
        self.of = np.concatenate([np.arange(count), again])[order]
        # The first row of each prompt stands at its own number until the rows are shuffled.
        self._first_row = np.argsort(order)[:count]
        free = self._repeat(free)
        self._places = self._copy_hh(tile, free[: planted(*CROSS_DUPLICATE_RATE, count)])

    def _repeat(self, free: Ints) -> Ints:
        """Copy some prompts in all kinds; return the numbers that are neither copy nor original."""
        count = min(planted(*NEAR_DUPLICATE_RATE, len(free)), len(free) // 2)
        rows, of_rows, rest = np.split(free, [count, 2 * count])
        self._copies, self._originals = rows.tolist(), of_rows.tolist()
        self._copied = kinds(count)
        repeat(self.texts, self._copies, self._originals, self._copied, self._fillers)
        self.topics[rows] = self.topics[of_rows]
        return rest

    def _copy_hh(self, tile: Tile, numbers: Ints) -> dict[int, tuple[str, int, Kind]]:
        """Copy prompts of HH-RLHF; return label, row and kind by the number of the prompt."""
        places: dict[int, tuple[str, int, Kind]] = {}
        parts = np.array_split(numbers, len(HH_FILES))
        for (label, file), part in zip(HH_FILES.items(), parts, strict=True):
            known = plain_prompts(tile, file) if len(part) else []
            before = rows_before(tile, file)
            order = generator(tile.spec.seed, "multipref", file).permutation(len(known)).tolist()
            # A small world has fewer prompts to copy than are wanted.
            for index, (number, spot) in enumerate(zip(part.tolist(), order, strict=False)):
                prompt, kind = known[spot], kinds(1, index)[0]
                way = index // len(KINDS)
                self.texts[number] = copy_of(prompt.text, kind, way, self._fillers)
                self.topics[number] = prompt.topic
                places[number] = (label, before + prompt.row, kind)
        return places

    @property
    def labels(self) -> dict[int, str]:
        """What MultiPref calls the source of the comparisons whose prompt was copied, by row."""
        numbers = enumerate(self.of.tolist())
        return {row: self._places[n][0] for row, n in numbers if n in self._places}

    def record(self, truth: Planted, file: str) -> None:
        """Tell which comparisons repeat a prompt, and one that each of them repeats."""
        first = self._first_row.tolist()
        known = dict(
            zip(self._copies, zip(self._originals, self._copied, strict=True), strict=True)
        )
        rows = np.flatnonzero(np.isin(self.of, self._copies)).tolist()
        near = [known[number] for number in self.of[rows].tolist()]
        truth.near_duplicates(
            file, rows, file, [first[number] for number, _ in near], [kind for _, kind in near]
        )
        rows = list(self.labels)
        cross = [self._places[number] for number in self.of[rows].tolist()]
        truth.cross_duplicates(
            file,
            rows,
            "hh-rlhf",
            [HH_FILES[label] for label, _, _ in cross],
            [row for _, row, _ in cross],
            [kind for _, _, kind in cross],
        )


def relabel(labels: list[str], wanted: dict[int, str]) -> None:
    """Give some rows the labels wanted, in exchange with other rows, so that counts stay.

    Where no other row has such a label, as in a very small world, the counts give way.
    """
    spare: dict[str, list[int]] = {}
    for row, label in enumerate(labels):
        if wanted.get(row, "") != label:
            spare.setdefault(label, []).append(row)
    for row, label in wanted.items():
        if labels[row] == label:
            continue
        others = spare.get(label, [])
        # What was exchanged since may stand here still.
        while others and labels[others[-1]] != label:
            others.pop()
        if others:
            other, old = others.pop(), labels[row]
            labels[other] = old
            if wanted.get(other, "") != old:
                spare.setdefault(old, []).append(other)
        labels[row] = label
