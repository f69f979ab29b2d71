"""The synthetic red-team file of HH-RLHF, with the misspelt key of the published one.

It is one JSON array by default, because the published file may be one; it can be JSON Lines too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.testing.world.counts import column, generator, pick, planted
from prefdata.testing.world.text import Composer
from prefdata.testing.world.values import draw_styles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.testing.world.planted import Planted
    from prefdata.testing.world.tiles import Tile
    from prefdata.testing.world.writing import RawFiles

__all__ = ["RED_TEAM_FILE", "RED_TEAM_ROWS", "write_red_team"]

RED_TEAM_FILE = "red-team-attempts/red_team_attempts.jsonl.gz"
RED_TEAM_ROWS = 38_961
_TAGGED = 1_000
_MEMBERS = 324
_CHUNK = 4_096

_MODELS = {"plain lm": 1, "context distilled": 2, "rejection sampling": 3, "rlhf": 4}
_SIZES = {"2.7B": 1, "13B": 1, "52B": 3}
_TURNS = {4: 5, 6: 8, 8: 6, 10: 2, 12: 1}
_TAGS = ("Fraud & deception", "Offensive language", "Theft", "Other", "N/A - Invalid attempt")


def _rows(
    rng: np.random.Generator, tile: Tile, rows: int, tagged: set[int]
) -> Iterator[dict[str, Any]]:
    composer = Composer(tile.lexicon())
    prompts, topics = composer.prompts(rng, rows, long_share=0.3)
    turns = np.array(column(rng, _TURNS, rows))
    models, sizes = column(rng, _MODELS, rows), column(rng, _SIZES, rows)
    members = (rng.integers(_MEMBERS, size=rows) + _MEMBERS * tile.number).tolist()
    for start in range(0, rows, _CHUNK):
        chunk = np.arange(start, min(start + _CHUNK, rows))
        said_on = np.repeat(topics[chunk], turns[chunk] // 2)
        styles = draw_styles(rng, len(said_on))
        said = composer.replies(rng, said_on, styles, mean_sentences=1.8)
        asked = composer.follow_ups(rng, said_on)
        ends = np.cumsum(turns[chunk] // 2)
        begins = ends - turns[chunk] // 2
        # One Python object per row is the product itself.
        for row, begin, end in zip(chunk.tolist(), begins.tolist(), ends.tolist(), strict=True):
            questions = [prompts[row], *asked[begin + 1 : end]]
            pairs = zip(questions, said[begin:end], strict=True)
            safety = styles[begin:end, 2]
            yield {
                "transcript": "".join(f"\n\nHuman: {q} \n\nAssistant: {a}" for q, a in pairs),
                "min_harmlessness_score_transcript": round(float(safety.min()) * 6 - 3.5, 8),
                "num_params": sizes[row],
                "model_type": models[row],
                "rating": float(round(4 * (1 - float(safety.mean())))),
                "task_description": f"I asked for risky advice on {composer.topics[topics[row]]}.",
                "task_descripton_harmlessness_score": round(float(safety.mean()) * 4 - 2.25, 8),
                "red_team_member_id": members[row],
                "is_upworker": members[row] % 3 == 0,
                "tags": [_TAGS[row % len(_TAGS)]] if row in tagged else None,
            }


def write_red_team(files: RawFiles, tile: Tile, truth: Planted) -> None:
    """Write a tile of the red-team file in the layout of the spec."""
    rng = generator(tile.spec.seed, "hh-rlhf", "red-team")
    rows = max(1, round(RED_TEAM_ROWS * tile.spec.scale))
    tagged = pick(rng, rows, planted(_TAGGED, RED_TEAM_ROWS, rows)).tolist()
    truth.quirk(RED_TEAM_FILE, tagged, "tagged")
    write = files.array if tile.spec.red_team_layout == "array" else files.lines
    write(RED_TEAM_FILE, _rows(rng, tile, rows, set(tagged)))
