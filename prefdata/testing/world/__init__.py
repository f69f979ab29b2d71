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

At smaller scales counts shrink with the largest-remainder rule, tables that no longer fit
together give way, and each quirk still occurs in every file of 50 rows or more that can hold it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.testing.world.community_alignment import write_community_alignment
from prefdata.testing.world.hh_rlhf import write_hh_rlhf
from prefdata.testing.world.multipref import write_multipref
from prefdata.testing.world.planted import Planted, write_truth
from prefdata.testing.world.prism import write_prism
from prefdata.testing.world.spec import DEMO, SOURCES, SourceFiles, Truth, World, WorldSpec
from prefdata.testing.world.ultrafeedback import write_ultrafeedback

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["DEMO", "SOURCES", "SourceFiles", "Truth", "World", "WorldSpec", "write_world"]

_WRITERS: dict[str, Callable[[Path, WorldSpec, Planted], dict[str, int]]] = {
    "hh-rlhf": write_hh_rlhf,
    "ultrafeedback": write_ultrafeedback,
    "prism": write_prism,
    "community-alignment": write_community_alignment,
    "multipref": write_multipref,
}


def write_world(out: Path, spec: WorldSpec = DEMO) -> World:
    """Write the raw files of a world, and what was planted in them.

    Args:
        out: A folder; made if it is not there. Files of the same name are replaced, each at once.
        spec: Which world.

    Returns:
        The folders, the files with their rows, and the truth.
    """
    sources, planted = {}, []
    for name in spec.sources:
        truth = Planted(name)
        folder = out / name
        sources[name] = SourceFiles(folder, _WRITERS[name](folder, spec, truth))
        planted.append(truth)
    tables = write_truth(out / "truth", planted)
    return World(out, spec, sources, Truth(out / "truth", tables))
