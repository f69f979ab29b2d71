"""Records of Argilla in each shape, written for this project."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["EXAMPLE"]

_ANA = "0d9a2b3c-0000-4000-8000-000000000001"
_BEN = "0d9a2b3c-0000-4000-8000-000000000002"
_CEM = "0d9a2b3c-0000-4000-8000-000000000003"


def _lines(*rows: dict[str, Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _record(name: str, **differences: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": name,
        "fields": {
            "prompt": [{"role": "user", "content": "Name a river."}],
            "response_a": "The Ebro.",
            "response_b": "Rivers are many.",
        },
        "metadata": {"topic": "water", "model_a": "small"},
        "suggestions": {},
        "responses": {},
        "vectors": {},
        "status": "pending",
        "_server_id": None,
    }
    return {**plain, **differences}


def _said(value: Any, user: str, status: str | None = "submitted") -> dict[str, Any]:
    said = {"value": value, "user_id": user}
    return said if status is None else {**said, "status": status}


_NESTED = [
    _record(
        "n1",
        responses={
            "preference": [
                _said("response_a", _ANA),
                _said("response_b", _BEN),
                _said("response_b", _CEM, "draft"),
            ],
            "comment": [_said("It answers.", _ANA)],
        },
        suggestions={"preference": {"value": "response_a", "score": 0.9, "agent": "judge-1"}},
        status="completed",
    ),
    _record(
        "n2",
        fields={"prompt": "Two plus two?", "response_a": "4", "response_b": "", "hint": None},
        responses={"preference": [_said("tie", _ANA), _said("response_a", _BEN, None)]},
    ),
    # Nobody has said anything yet.
    _record("n3"),
]
_SERVICE = [
    _record(
        "9f3c1a52-0000-4000-8000-000000000009",
        external_id="s1",
        responses=[
            {
                "id": "9f3c1a52-0000-4000-8000-00000000000a",
                "user_id": _ANA,
                "status": "submitted",
                "values": {
                    "preference": {
                        "value": [
                            {"value": "response_b", "rank": 1},
                            {"value": "response_a", "rank": 2},
                        ]
                    }
                },
                "updated_at": "2026-01-02T03:04:05",
            },
            {"user_id": _BEN, "status": "discarded", "values": None},
        ],
        suggestions=[
            {"question_name": "preference", "value": ["response_a", "response_b"], "type": "human"}
        ],
    )
]
_FLAT: list[dict[str, Any]] = [
    {
        "id": "f1",
        "status": "completed",
        "_server_id": "9f3c1a52-0000-4000-8000-00000000000b",
        "prompt": "Say hello.",
        "response_a": "Hello.",
        "response_b": "No.",
        "topic": "manners",
        "preference.responses": ["response_a", "response_b"],
        "preference.responses.users": [_ANA, _BEN],
        "preference.responses.status": ["submitted", "discarded"],
        "preference.suggestion": "response_a",
        "preference.suggestion.score": 1,
        "preference.suggestion.agent": "judge-1",
    },
    {
        "id": "f2",
        "status": "pending",
        "_server_id": None,
        "prompt": "Say goodbye.",
        "response_a": "Hello?",
        "response_b": "Goodbye.",
        "topic": None,
        "preference.responses": None,
        "preference.responses.users": None,
        "preference.responses.status": None,
        "preference.suggestion": None,
        "preference.suggestion.score": None,
        "preference.suggestion.agent": None,
    },
]

EXAMPLE = {
    "records.json": json.dumps(_NESTED, ensure_ascii=False, indent=1).encode(),
    "service.json": json.dumps(_SERVICE).encode(),
    "flat/test.jsonl": _lines(*_FLAT),
    # Settings lie beside the records and are not read.
    ".argilla/settings.json": b"{}\n",
}
"""Raw files by name."""
