"""Flags on every text of the synthetic PRISM: personal data, language, moderation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.testing.world.counts import pick, planted
from prefdata.testing.world.prism_tables import COLUMN_IDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from prefdata.testing.world.prism_structure import Structure

    Bools = NDArray[np.bool_]

__all__ = ["LANGUAGES", "Flags", "draw_flags", "metadata_rows"]

_N_ROWS, _N_PII, _N_MANUAL, _N_ENGLISH, _N_FLAGGED = 106_554, 1_111, 167, 105_229, 634

LANGUAGES = (
    "en", "es", "fr", "de", "it", "pt", "nl", "af", "no", "so", "sv", "da", "tl", "cy", "et",
    "id", "ro", "ca", "sw", "fi", "pl", "sl", "hr", "hu", "sk", "tr", "vi", "lt", "lv", "cs",
    "sq", "la", "eu", "gl", "ga", "is", "mt", "ms", "jv", "su", "eo", "oc", "br", "co", "fy",
    "ht", "lb", "mg", "mi", "nn", "qu", "rn", "sm", "sn", "tn", "xh", "zu", "he", "hi",
)  # fmt: skip
"""59 languages; on short English texts the published classifier errs, and so do these flags."""

_CATEGORIES = (
    "sexual", "hate", "harassment", "self-harm", "sexual/minors", "hate/threatening",
    "violence/graphic", "self-harm/intent", "self-harm/instructions", "harassment/threatening",
    "violence",
)  # fmt: skip


@dataclass(frozen=True)
class Flags:
    """Parallel arrays, one entry per row of `metadata.jsonl`."""

    sizes: dict[str, int]
    """Rows of each column id, in the order of the file."""
    is_personal: Bools
    is_manual: Bools
    """Personal data that a person looked at and denied."""
    language: NDArray[np.int64]
    is_flagged: Bools
    category: NDArray[np.int64]
    scores: NDArray[np.float64]

    def personal(self, column_id: str) -> Bools:
        """Tell which texts of one kind hold personal data."""
        begin = 0
        for name, size in self.sizes.items():
            if name == column_id:
                return self.is_personal[begin : begin + size]
            begin += size
        raise KeyError(column_id)


def draw_flags(rng: np.random.Generator, structure: Structure) -> Flags:
    """Flag as many texts as published."""
    users = len(structure.user_group)
    counts = (
        len(structure.interaction_turn), len(structure.utterance_position), users, users,
        len(structure.conversation_user),
    )  # fmt: skip
    sizes = dict(zip(COLUMN_IDS, counts, strict=True))
    rows = sum(counts)

    def some(hits: int) -> Bools:
        mask = np.zeros(rows, dtype=bool)
        mask[pick(rng, rows, planted(hits, _N_ROWS, rows))] = True
        return mask

    personal = some(_N_PII)
    found = np.flatnonzero(personal)
    manual = np.zeros(rows, dtype=bool)
    manual[found[pick(rng, len(found), planted(_N_MANUAL, _N_ROWS, rows))]] = True
    foreign = np.flatnonzero(some(_N_ROWS - _N_ENGLISH))
    n_other = len(LANGUAGES) - 1
    ranks = np.minimum(rng.zipf(1.6, size=len(foreign)), n_other)
    ranks[:n_other] = np.arange(1, 1 + min(n_other, len(ranks)))
    language = np.zeros(rows, dtype=np.int64)
    language[foreign] = rng.permutation(ranks)
    return Flags(
        sizes=sizes,
        is_personal=personal,
        is_manual=manual,
        language=language,
        is_flagged=some(_N_FLAGGED),
        category=rng.integers(len(_CATEGORIES), size=rows),
        scores=rng.integers(50, 100, size=rows) / 100,
    )


def metadata_rows(structure: Structure, flags: Flags) -> Iterator[dict[str, Any]]:
    """Give the rows of `metadata.jsonl`, in the published order of column ids."""
    row = 0
    for column_id, size in flags.sizes.items():
        for index in range(size):  # streaming: one object at a time
            yield {
                "column_id": column_id,
                **_ids(structure, column_id, index),
                "pii_flag": bool(flags.is_personal[row]),
                "pii_manual_flag": 0.0 if flags.is_manual[row] else float("nan"),
                "language_flag": LANGUAGES[flags.language[row]],
                "en_flag": not flags.language[row],
                "moderation_flag": _moderation(flags, row),
            }
            row += 1


def _ids(structure: Structure, column_id: str, index: int) -> dict[str, str | None]:
    """Name the text, with nulls for what is above it."""
    utterance = interaction = conversation = None
    user = index
    if column_id == "model_response":
        utterance, interaction = index, int(structure.utterance_interaction[index])
    elif column_id == "user_prompt":
        interaction = index
    if interaction is not None:
        conversation = int(structure.interaction_conversation[interaction])
    elif column_id == "open_feedback":
        conversation = index
    if conversation is not None:
        user = int(structure.conversation_user[conversation])
    return {
        "user_id": structure.user_id(user),
        "conversation_id": None
        if conversation is None
        else structure.conversation_id(conversation),
        "interaction_id": None if interaction is None else structure.interaction_id(interaction),
        "utterance_id": None if utterance is None else structure.utterance_id(utterance),
    }


def _moderation(flags: Flags, row: int) -> dict[str, Any]:
    flagged = bool(flags.is_flagged[row])
    guilty = _CATEGORIES[flags.category[row]] if flagged else ""
    score = float(flags.scores[row])
    return {
        "flagged": flagged,
        "categories": {name: name == guilty for name in _CATEGORIES},
        "category_scores": {name: score if name == guilty else 0.0 for name in _CATEGORIES},
    }
