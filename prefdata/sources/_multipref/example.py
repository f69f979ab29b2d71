"""Rows in the shape of MultiPref, written for prefdata, with the quirks of the real files."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["BINARIZED", "COMPARISONS", "EXAMPLE", "FEATURES", "encode_lines", "encode_parquet"]


def encode_parquet(rows: list[dict[str, Any]]) -> bytes:
    """Write rows as one Parquet file."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


def encode_lines(rows: list[dict[str, Any]]) -> bytes:
    """Write rows as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _key(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


_LETTERS = {
    "A": "A-is-clearly-better",
    "a": "A-is-slightly-better",
    "=": "Tie",
    "b": "B-is-slightly-better",
    "B": "B-is-clearly-better",
}


def _annotation(name: str, labels: str, seconds: int, timestamp: str) -> dict[str, Any]:
    """Write one annotation; ``labels`` are overall, helpful, truthful and harmless, in a letter."""
    overall, others = labels[0], labels[1:]
    said: dict[str, Any] = {
        "evaluator": name,
        "overall_pref": _LETTERS[overall],
        "overall_confidence": "fairly-confident",
        "time_spent": seconds,
        "timestamp": timestamp,
    }
    for word, letter in zip(("helpful", "truthful", "harmless"), others, strict=True):
        said[f"{word}_pref"] = _LETTERS[letter]
        said[f"{word}_confidence"] = "absolutely-confident"
        said[f"{word}_checked_reasons"] = [] if letter == "=" else ["Is easier to follow"]
        said[f"{word}_own_reason"] = "Shorter, and right." if letter == "A" else ""
    return dict(sorted(said.items()))


def _comparison(
    text: str,
    completions: tuple[str, str],
    normal: list[dict[str, Any]],
    expert: list[dict[str, Any]],
    category: str = "Open QA",
) -> dict[str, Any]:
    return {
        "comparison_id": _key("\n".join((text, *completions))),
        "prompt_id": _key(text),
        "text": text,
        "model_a": "example/small-2",
        "completion_a": completions[0],
        "model_b": "large-2024-04-09",
        "completion_b": completions[1],
        "source": "example/questions",
        "category": category,
        "subject_study": "Geography",
        "highest_level_degree": "Bachelor's degree",
        "normal_worker_annotations": normal,
        "expert_worker_annotations": expert,
    }


_DAY = "2024-05-21 19:18:25"

COMPARISONS = [
    _comparison(
        "Which river is longer, the Rhine or the Elbe?",
        ("The Rhine.", "The Rhine, by about 140 km."),
        [
            _annotation("merry_lark", "bB==", 283, f"{_DAY}.735159"),
            _annotation("calm_otter", "=a==", 61, f"{_DAY}.000001"),
        ],
        [
            _annotation("wise_heron", "BBb=", 540, f"{_DAY}.5"),
            _annotation("keen_finch", "BBB=", 402, _DAY),
        ],
    ),
    # The same prompt with other responses, and nobody put it into a category.
    _comparison(
        "Which river is longer, the Rhine or the Elbe?",
        ("Neither.", "The Elbe."),
        [
            _annotation("merry_lark", "AAAA", 75, f"{_DAY}.100000"),
            _annotation("merry_lark", "a===", 12, f"{_DAY}.200000"),
        ],
        # Who is a worker in one row is an expert in the next.
        [_annotation("calm_otter", "A=A=", 33, f"{_DAY}.300000")],
        category="",
    ),
    # The same answer twice, an empty one would be as good.
    _comparison(
        "Say nothing.", ("", ""), [_annotation("calm_otter", "====", 5, f"{_DAY}.400000")], []
    ),
]


def _binarized(row: dict[str, Any], chosen: str) -> dict[str, Any]:
    rejected = {"a": "b", "b": "a"}[chosen]
    asked = {"role": "user", "content": row["text"]}
    return {
        "comparison_id": row["comparison_id"],
        "prompt_id": row["prompt_id"],
        "source": row["source"],
        **{
            side: [asked, {"role": "assistant", "content": row[f"completion_{letter}"]}]
            for side, letter in (("chosen", chosen), ("rejected", rejected))
        },
        "chosen_model": row[f"model_{chosen}"],
        "rejected_model": row[f"model_{rejected}"],
    }


_OTHER = _comparison("Name a lake.", ("Constance.", "The sea."), [], [])

BINARIZED = [
    _binarized(COMPARISONS[0], "b"),
    _binarized(COMPARISONS[1], "a"),
    _binarized(_OTHER, "a"),
]

FEATURES = [
    {
        "comparison_id": row["comparison_id"],
        "text": row["text"],
        "response_a": row["completion_a"],
        "response_b": row["completion_b"],
        "rouge": 0.5,
        "subject_of_expertise": ["Geography"],
    }
    for row in COMPARISONS[:2]
]

EXAMPLE = {
    "data/train-00000-of-00001.parquet": encode_parquet(COMPARISONS),
    "gpt4_overall_binarized/train-00000-of-00001.parquet": encode_parquet(BINARIZED),
    "human_overall_binarized/train-00000-of-00001.parquet": encode_parquet(BINARIZED[:2]),
}
