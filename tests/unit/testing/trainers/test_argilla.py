"""The reader of Argilla's records refuses what its client or its server refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.testing.trainers.argilla import read

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_SETTINGS = {
    "questions": [
        {"name": "preference", "settings": {"options": [{"value": "response_a"}, {"value": "tie"}]}}
    ],
    "metadata": [{"name": "split", "settings": {"type": "terms"}}],
}


def _record(**differences: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": "r",
        "fields": {
            "prompt": [{"role": "user", "content": "Q"}],
            "response_a": "A",
            "response_b": "B",
        },
        "metadata": {"split": "train"},
        "suggestions": {},
        "responses": {},
        "vectors": {},
        "status": "pending",
        "_server_id": None,
    }
    return {**plain, **differences}


def _read(folder: Path, record: dict[str, Any]) -> Any:
    (folder / ".argilla").mkdir()
    (folder / ".argilla" / "settings.json").write_text(json.dumps(_SETTINGS), encoding="ascii")
    (folder / ".argilla" / "dataset.json").write_text('{"name": "x"}', encoding="ascii")
    (folder / "records.jsonl").write_text(json.dumps(record), encoding="ascii")
    return read(folder)


def test_a_record_without_a_choice_is_a_prompt(tmp_path: Path) -> None:
    (found,) = _read(tmp_path, _record())
    assert found.prompt[0].content == "Q"
    assert found.chosen is None


@pytest.mark.parametrize(
    "differences",
    [
        {"extra": 1},
        {"fields": {"prompt": [], "response_a": "A", "response_b": "B"}},
        {"fields": {"prompt": [{"role": "user", "content": "Q"}], "response_a": "A"}},
        {
            "fields": {
                "prompt": [{"role": "user", "content": "x" * 20_001}],
                "response_a": "A",
                "response_b": "B",
            }
        },
        {
            "fields": {
                "prompt": [{"role": "user", "content": "Q"}],
                "response_a": "\0",
                "response_b": "B",
            }
        },
        {"metadata": {"split": 3}},
        {"suggestions": {"preference": {"value": "response_c"}}},
        {"suggestions": {"preference": {"value": "tie", "reason": "x"}}},
        {"suggestions": {"preference": {"value": "tie", "type": "cat"}}},
        {"responses": {"preference": [{"value": "tie", "user_id": "ann", "status": "draft"}]}},
    ],
)
def test_what_the_client_or_the_server_refuses_is_refused(
    tmp_path: Path, differences: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"."):
        _read(tmp_path, _record(**differences))
