"""A synthetic world: raw files of five sources as published, and the truth behind them.

Every adapter, stage and pipeline can be run on it and checked against a known answer. Equal specs
give equal bytes; nothing depends on the clock, the machine or the order of sets. All text is our
own.

    >>> import tempfile, pathlib
    >>> spec = WorldSpec(scale=0.001, sources=("hh-rlhf",))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     world = write_world(pathlib.Path(folder), spec)
    >>> world.sources["hh-rlhf"].rows["harmless-base/train.jsonl.gz"]
    43

Files lie at ``<out>/<source>/<name on the hub>``, the truth at ``<out>/truth``. ``row`` counts
from 0 within a file, ``turn`` and ``position`` from 0 within a row; a position is chosen/rejected
(HH-RLHF), the place in ``completions`` (UltraFeedback), ``within_turn_id`` (PRISM), the letter
(Community Alignment) or a/b (MultiPref).

| truth | grain | columns |
|---|---|---|
| `annotators.parquet` | an annotator | source, annotator_id, value_group |
| `responses.parquet` | a response | source, file, row, turn, position, and its five qualities |
| `noisy_labels.parquet` | a flipped label | source, file, row, turn, position; see below |
| `near_duplicates.parquet` | a copied prompt | source, file, row, turn, of_file, of_row, kind |
| `cross_duplicates.parquet` | one of another source | the same, and of_source |
| `quirks.parquet` | a row with a quirk | source, file, row, quirk |
| `parameters.json` | the world | weights of the value groups, rates, biases by source |

A flipped label is: chosen and rejected swapped (HH-RLHF); an overall score mirrored on its scale
(UltraFeedback, by completion); best and worst of the first turn swapped (PRISM, by conversation);
another letter (Community Alignment, by turn); all four answers mirrored (MultiPref, by worker,
where position 0 and 1 are the normal workers, 2 and 3 the experts). HH-RLHF names no annotators:
its two value groups belong to the anonymous crowds ``harmless`` and ``helpful``. The one judge of
UltraFeedback has no group; it prefers length by ``length_bias`` points of overall score per unit
of `detail`.

Copied prompts are of the four kinds of `prefdata.testing.world.edits`, in turn; what follows the
first prompt is not copied, so HH-RLHF repeats prompts of a single turn only. One in fifty repeats
another of its file, and one in ten of MultiPref's repeats one of HH-RLHF. Prompts have a name, a
place and a number in them, so that those that nobody copied are not alike by chance. What a source
repeats by its nature is not in these tables: the prompts of MultiPref's comparisons, of Community
Alignment's candidate sets, and the quirks ``same_prompt`` and ``same_opening``.

At scale 1.0 the published counts hold exactly. These gave way or are ours:

- Community Alignment: a file of 0.6 GB in place of 1.9 GB, since 594 characters per response were
  measured on real rows and both cannot hold; the letter shares hold to the rounding.
- HH-RLHF: rates of irregular rows come from two test files and are used for all; the published
  filter that drops 2.4 % of the helpful rows counts more than these quirks.
- PRISM: five uses of models without a published count; which countries people come from. The mean
  length of a response holds to about 2 %. Language flags are those of a classifier that errs.
- MultiPref: how many prompts and workers there are.

At a scale above 1 the files go on: a world is made of tiles of the published size and a rest
(`prefdata.testing.world.tiles`), one in memory at a time, so that 15 million pairs take no more
memory than one million. Native ids go on too, and the published counts, rates and quirks hold in
each tile. Tiles speak of other things (`prefdata.testing.world.dialects`), so that prompts of two
tiles are not alike unless planted. A copied prompt and its original are of one tile. In the truth,
`row` counts within the whole file; where tiles differ in a parameter, `tiles` lists those of each
and the others are those of the first. Once in a world: the two crowds of HH-RLHF, and the shortest
and the longest opening prompt of PRISM. Interactions of PRISM are numbered by tile, in each in the
published order.

At smaller scales counts shrink with the largest-remainder rule, tables that no longer fit
together give way, and each quirk still occurs in every file of 50 rows or more that can hold it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prefdata.core.events import Progress, StepFinished, StepStarted, silent
from prefdata.testing.world.community_alignment import write_community_alignment
from prefdata.testing.world.hh_rlhf import write_hh_rlhf
from prefdata.testing.world.multipref import write_multipref
from prefdata.testing.world.planted import Planted, TruthFiles
from prefdata.testing.world.prism import write_prism
from prefdata.testing.world.room import ROWS, need_room
from prefdata.testing.world.spec import (
    DEMO,
    MAX_SCALE,
    PAIRS,
    SOURCES,
    SourceFiles,
    Truth,
    World,
    WorldSpec,
    scale_of_pairs,
)
from prefdata.testing.world.tiles import Tile, tiles_of
from prefdata.testing.world.ultrafeedback import write_ultrafeedback
from prefdata.testing.world.writing import RawFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from prefdata.core.events import Report

__all__ = [
    "DEMO",
    "MAX_SCALE",
    "PAIRS",
    "SOURCES",
    "SourceFiles",
    "Truth",
    "World",
    "WorldSpec",
    "scale_of_pairs",
    "write_world",
]

_WRITERS: dict[str, Callable[[RawFiles, Tile, Planted], None]] = {
    "hh-rlhf": write_hh_rlhf,
    "ultrafeedback": write_ultrafeedback,
    "prism": write_prism,
    "community-alignment": write_community_alignment,
    "multipref": write_multipref,
}


def write_world(
    out: Path, spec: WorldSpec = DEMO, *, report: Report = silent, tile: float = 1.0
) -> World:
    """Write the raw files of a world, and what was planted in them.

    One tile of one source is in memory at a time, whatever the scale.

    Args:
        out: A folder; made if it is not there. Files of the same name are replaced, each at once.
        spec: Which world.
        report: Is told of each source, and of the rows written.
        tile: Scale of a tile. Another one makes another world; small ones are for tests.

    Returns:
        The folders, the files with their rows, and the truth.

    Raises:
        SetupError: If the disk has no room for it.
    """
    need_room(out, spec)
    tiles = tiles_of(spec, tile)
    sources = {}
    with TruthFiles(out / "truth", is_streamed=len(tiles) > 1) as truth:
        for name in spec.sources:
            sources[name] = _write_source(out / name, name, tiles, truth, report)
    return World(out, spec, sources, Truth(out / "truth", truth.paths))


def _write_source(
    folder: Path, name: str, tiles: Sequence[Tile], truth: TruthFiles, report: Report
) -> SourceFiles:
    """Write the files of one source, a tile at a time."""
    began = time.monotonic()
    total = round(ROWS[name] * sum(tile.spec.scale for tile in tiles))
    report(StepStarted(name, "synth", total))
    with RawFiles(folder, lambda done: report(Progress(name, done))) as files:
        for tile in tiles:
            planted = Planted(name, dict(files.rows))
            _WRITERS[name](files, tile, planted)
            truth.add(planted)
    rows = sum(files.rows.values())
    report(StepFinished(name, "synth", rows, rows, 0, time.monotonic() - began))
    return SourceFiles(folder, files.rows)
