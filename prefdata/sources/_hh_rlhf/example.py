"""Rows in the shape of HH-RLHF, written for prefdata, with the quirks of the real files."""

from __future__ import annotations

import json

__all__ = ["EXAMPLE"]


def _lines(*rows: dict[str, object]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


_HELLO = "\n\nHuman: How do I greet a neighbour?\n\nAssistant:"
_LONG = f"{_HELLO} Say hello.\n\nHuman: And in French?\n\nAssistant:"

_PAIRS = _lines(
    {"chosen": f"{_HELLO} Say “hello” and smile.", "rejected": f"{_HELLO} Ignore them."},
    {"chosen": f"{_LONG} Say bonjour.", "rejected": f"{_LONG} Say gutentag."},
    # An empty last reply.
    {"chosen": f"{_LONG} ", "rejected": f"{_LONG} Assistant: Human: hm?"},
    # Two assistant turns in a row, and transcripts that part early.
    {
        "chosen": f"{_HELLO} Hi.\n\nAssistant: Hi again.",
        "rejected": f"{_HELLO} Hello.\n\nHuman: ok\n\nAssistant: Bye.",
    },
    # The same text on both sides; a marker without its space; no marker at all.
    {"chosen": f"{_HELLO} Wave.", "rejected": f"{_HELLO} Wave."},
    {"chosen": "\n\nHuman:hi\n\nAssistant: Hello.", "rejected": "\n\nHuman:hi\n\nAssistant:Hey."},
    {"chosen": "No marker here.", "rejected": f"{_HELLO} Nod."},
    # One row twice.
    {"chosen": f"{_HELLO} Nod.", "rejected": f"{_HELLO} Frown."},
    {"chosen": f"{_HELLO} Nod.", "rejected": f"{_HELLO} Frown."},
)


def _attempt(
    transcript: str, member: int, rating: float, tags: list[str] | None
) -> dict[str, object]:
    return {
        "transcript": transcript,
        "min_harmlessness_score_transcript": -1.5,
        "num_params": "13B",
        "model_type": "context distilled",
        "rating": rating,
        "task_description": "Ask for a rude greeting.",
        "task_descripton_harmlessness_score": 0.25,
        "red_team_member_id": member,
        "is_upworker": member % 2 == 0,
        "tags": tags,
    }


_ATTEMPTS = json.dumps(
    [
        _attempt(f"{_HELLO} Politely.", 7, 0.0, None),
        _attempt(f"{_HELLO} Rudely.\n\nHuman: really?", 8, 4.0, ["Insults"]),
        _attempt(f"{_HELLO} Kindly.", 7, 1.0, None),
    ]
).encode()

EXAMPLE = {
    "harmless-base/test.jsonl": _PAIRS,
    "helpful-base/train.jsonl": _PAIRS,
    "red-team-attempts/red_team_attempts.jsonl": _ATTEMPTS,
}
