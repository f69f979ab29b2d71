"""Rows in the shape of UltraFeedback and its binarized children, with the quirks of the real files.

All are written for prefdata.
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["BINARIZED", "NESTED"]


def _lines(*rows: dict[str, Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _completion(
    model: str, response: str, ratings: str, overall: float | str | None, **more: Any
) -> dict[str, Any]:
    """Write a completion; ``ratings`` has a character per aspect, ``-`` for not rated."""
    helpful, honest, instruct, truthful = ("N/A" if one == "-" else one for one in ratings)
    rated = [int(one) for one in ratings if one != "-"]
    return {
        "model": model,
        "principle": "honesty",
        "custom_system_prompt": "As an AI assistant, say what you do not know.",
        "response": response,
        "critique": f"Think of shade, too: «{response[:8]}» is a start.",
        "overall_score": overall,
        "fine-grained_score": sum(rated) / len(rated) if rated else None,
        "annotations": {
            "helpfulness": {
                "Rating": helpful,
                "Rationale": "Clear advice.",
                "Rationale For Rating": "Answers the question.",
                "Type": ["1", "2"],
            },
            "honesty": {"Rating": honest, "Rationale": "Sure of itself."},
            "instruction_following": {"Rating": instruct, "Rationale": "On topic."},
            "truthfulness": {
                "Rating": truthful,
                "Rationale": "No false claim.",
                "Rationale For Rating": "Nothing made up.",
                "Type": ["None"],
            },
        },
        **more,
    }


def _row(
    source: str, instruction: str, *completions: dict[str, Any], **more: Any
) -> dict[str, Any]:
    return {
        "source": source,
        "instruction": instruction,
        "models": [completion["model"] for completion in completions],
        "completions": list(completions),
        "correct_answers": ["None"],
        "incorrect_answers": ["None"],
        **more,
    }


def _first_release(row: dict[str, Any]) -> dict[str, Any]:
    """Give a row the form of the first release: no mean, aspects as arrays, scores as text."""
    for completion in row["completions"]:
        del completion["fine-grained_score"]
        completion["overall_score"] = str(completion["overall_score"])
        notes = completion["annotations"]
        completion["annotations"] = {aspect: [note] for aspect, note in notes.items()}
    return row


_FERN = (
    _completion("gpt-4", "Once a week, and less in winter.", "5555", 9.0),
    _completion("alpaca-7b", "Water it.", "2322", 4.5),
    _completion("bard", "Every hour, always.", "1211", 10.0),
    _completion("starchat", "", "1-1-", 1.0),
)
_MOON = (
    _completion("gpt-3.5-turbo", "Rock, with some metal inside.", "4544", 8),
    _completion("ultralm-65b", "Green cheese.", "3133", 10),
    _completion("vicuna-33b", "Rock. 🌒", "----", None),
    _completion("wizardlm-7b", "Mostly basalt\u2028and dust.", "4434", 7.5),
)

NESTED = {
    "evol_instruct.jsonl": _lines(
        _row("evol_instruct", "How often does a fern need water?", *_FERN),
        _row("evol_instruct", "What is the moon made of?", *_MOON),
        # One row twice; one completion; none.
        _row("evol_instruct", "How often does a fern need water?", *_FERN),
        _row("evol_instruct", "Name a tree.", _completion("gpt-4", "Oak.", "5555", 9)),
        _row("evol_instruct", "Name a bush."),
        # Another vintage in the same file; a model and a source that are not published; more keys.
        _first_release(
            _row(
                "evol_instruct",
                "Name a bird.",
                _completion("llama-2-7b-chat", "A wren.", "4444", 8.5),
                _completion("pythia-12b", "Fish.", "1111", 10),
            )
        ),
        _row(
            "flan_v3",
            "Name a fish.",
            _completion("gpt-9", "Trout.", "5555", 9, seconds=1.5),
            _completion("mpt-30b-chat", "Cod.", "4444", 8),
            seen_by=["nobody"],
        ),
    ),
    "false_qa.jsonl": _lines(
        _row("false_qa", "Why do stones float?", *_MOON[:2]),
    ),
    "truthful_qa.jsonl": _lines(
        _row(
            "truthful_qa",
            "What is the moon made of?",
            *_MOON,
            correct_answers=["Rock", "Rock and metal"],
            incorrect_answers=["Cheese"],
        ),
    ),
    "ultrachat.jsonl": _lines(
        _first_release(
            _row(
                "ultrachat",
                "Greet me.",
                _completion("falcon-40b-instruct", "Hello.", "5555", 10),
                _completion("llama-2-70b-chat", "Go away.", "1112", 10),
                _completion("llama-2-13b-chat", "Hm.", "3433", 10),
                _completion("ultralm-13b", "Hi!", "-55-", 8.5),
            )
        ),
    ),
}
"""Raw files of the nested data, by name."""


def _talk(*contents: str) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [{"content": text, "role": roles[i % 2]} for i, text in enumerate(contents)]


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return bytes(sink.getvalue())


def _h4(prompt: str, chosen: str, rejected: str, scores: tuple[float, float]) -> dict[str, Any]:
    return {
        "prompt": prompt,
        "prompt_id": f"{len(prompt):064x}",
        "chosen": _talk(prompt, chosen),
        "rejected": _talk(prompt, rejected),
        "messages": _talk(prompt, chosen),
        "score_chosen": scores[0],
        "score_rejected": scores[1],
    }


_PAIRS = [
    _h4("Name a tree.", "Oak.", "Grass.", (8.5, 3.0)),
    _h4("Name a bird.", "Wren.", "Robin.", (8.0, 8.0)),
    _h4("Name a fish.", "Trout.", "Trout.", (7.0, 7.0)),
    _h4("Name a bush.", "Elder.", "", (9.0, 1.0)),
]
_FROM_ARGILLA = {
    "source": "truthful_qa",
    "prompt": "What is the moon made of?",
    "chosen": _talk("What is the moon made of?", "Rock."),
    "chosen-rating": 4.75,
    "chosen-model": "gpt-4",
    "rejected": _talk("What is the moon made of?", "Cheese."),
    "rejected-rating": 1.5,
    "rejected-model": "bard",
}

BINARIZED = {
    "data/train_prefs-00000-of-00001.parquet": _parquet(_PAIRS),
    "data/test_gen-00000-of-00001.parquet": _parquet(
        [{**row, "messages": row["messages"][:1]} for row in _PAIRS[:2]]
    ),
    "argilla/train.jsonl": _lines(
        _FROM_ARGILLA,
        _FROM_ARGILLA,
        {**_FROM_ARGILLA, "source": "flan_v2_cot", "chosen-rating": 5, "rejected-model": None},
    ),
    "argilla-v1/train.jsonl": _lines(
        {
            "source": "sharegpt",
            "instruction": "Greet me.",
            "chosen_response": "Hello!",
            "rejected_response": "Go.",
            "chosen_avg_rating": 5.0,
            "rejected_avg_rating": 1.25,
            "chosen_model": "gpt-4",
        }
    ),
    "trl/train.jsonl": _lines(
        {
            "chosen": _talk("Hi", "Hello", "And now?", "Now we talk. 🌒"),
            "rejected": _talk("Hi", "Hello", "And now?", "Bye."),
            "score_chosen": 8.0,
            "score_rejected": 6.5,
        },
        # The two part before the last turn, and from the first word on.
        {
            "chosen": _talk("Hi", "Hello", "And now?", "Now we talk."),
            "rejected": _talk("Hi", "Hm?"),
            "score_chosen": 8.0,
            "score_rejected": 2,
        },
        {
            "chosen": _talk("Hi", "Hello"),
            "rejected": _talk("hi", "Hello"),
            "score_chosen": None,
            "score_rejected": 2.0,
        },
    ),
    "texts/train-4.jsonl": _lines(
        {
            "prompt": "how to greet",
            "chosen": "Say “hello”.",
            "rejected": "Say bye.",
            "source_index": 27808,
            "metadata": {"score_chosen": 9.0, "score_rejected": 8.0},
        },
        {
            "prompt": "how to leave",
            "chosen": "Say bye.",
            "rejected": "Stay.",
            "source_index": 12,
            "metadata": {"score_chosen": 7.5, "score_rejected": 7.5, "note": "new"},
        },
    ),
}
"""Raw files of the binarized data, by name."""
