"""A project in Label Studio, as its service and the converter of its client 2.1.2 export it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from prefdata.testing._annotators.votes import (
    BEGAN,
    number_of,
    time_of,
    user_of,
    word_of,
    write_json,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prefdata.testing._annotators.votes import ScriptedVote

__all__ = ["export", "tasks_in"]

_SECONDS = 12.5


def tasks_in(folder: Path) -> list[dict[str, Any]]:
    """Return the tasks that were handed off."""
    return [
        task["data"]
        for path in sorted(folder.glob("votes-*/tasks.json"))
        for task in json.loads(path.read_text(encoding="ascii"))
    ]


def export(
    tasks: Sequence[dict[str, Any]], votes: Sequence[ScriptedVote], shape: str, path: Path
) -> Path:
    """Write tasks as the service's JSON does, or as the converter's JSON-MIN."""
    exported = []
    for number, data in enumerate(tasks, start=1):
        mine = [vote for vote in votes if vote.comparison_id == data["comparison_id"]]
        entries = [
            (vote, _annotation(vote, number, place, shape)) for place, vote in enumerate(mine)
        ]
        exported.append(
            {
                "id": number,
                "annotations": [entry for vote, entry in entries if vote.status != "draft"],
                "drafts": [
                    _draft(vote, entry) for vote, entry in entries if vote.status == "draft"
                ],
                "predictions": [
                    {
                        "id": 900 + number,
                        "model_version": "must not count",
                        "result": _result("b_much", None, "json"),
                    }
                ],
                "data": data,
                "meta": {},
                "created_at": BEGAN.isoformat(),
                "project": 1,
                "inner_id": number,
                "comment_authors": [],
            }
        )
    if shape == "json-min":
        return write_json(path, [row for task in exported for row in _flattened(task)])
    return write_json(path, exported)


def _annotation(vote: ScriptedVote, task: int, place: int, shape: str) -> dict[str, Any]:
    name = f"{vote.comparison_id}/{vote.annotator}/{place}"
    number = number_of(vote.annotator)
    return {
        "id": user_of(name).int % 10**9,
        "completed_by": {
            "id": number,
            "email": f"{vote.annotator}@example.org",
            "first_name": vote.annotator.title(),
            "last_name": "Surname",
        },
        "result": _result(word_of(vote), vote.comment, shape),
        "was_cancelled": vote.status == "skipped",
        "ground_truth": False,
        "created_at": BEGAN.isoformat(),
        "updated_at": time_of(vote, place),
        "draft_created_at": None,
        "lead_time": _SECONDS,
        "prediction": {},
        "result_count": 1,
        "unique_id": str(user_of(name)),
        "task": task,
        "project": 1,
        "updated_by": number,
        "parent_prediction": None,
    }


def _result(word: str | None, comment: str | None, shape: str) -> list[dict[str, Any]]:
    regions = []
    if word is not None and shape == "pairwise" and word != "tie":
        side = "left" if word.startswith("a") else "right"
        region = {"from_name": "pw", "to_name": "pw", "type": "pairwise"}
        regions.append({"id": "p1", **region, "value": {"selected": side}, "origin": "manual"})
    elif word is not None:
        region = {"from_name": "preference", "to_name": "first", "type": "choices"}
        regions.append({"id": "c1", **region, "value": {"choices": [word]}, "origin": "manual"})
    if comment is not None:
        region = {"from_name": "comment", "to_name": "first", "type": "textarea"}
        regions.append({"id": "t1", **region, "value": {"text": [comment]}, "origin": "manual"})
    return regions


def _draft(vote: ScriptedVote, entry: dict[str, Any]) -> dict[str, Any]:
    number = number_of(vote.annotator)
    return {
        "id": entry["id"] + 1,
        "user": number,
        "created_username": f" {vote.annotator}@example.org, {number}",
        "created_ago": "1 hour",
        "result": entry["result"],
        "lead_time": _SECONDS,
        "was_postponed": False,
        "created_at": entry["created_at"],
        "updated_at": entry["updated_at"],
        "task": entry["task"],
        "annotation": None,
    }


def _flattened(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Write a row for each annotation that was not cancelled, as `Converter` does."""
    rows = []
    for entry in task["annotations"]:
        if entry["was_cancelled"]:
            continue
        said = {
            region["from_name"]: next(iter(region["value"].values()))[0]
            for region in entry["result"]
        }
        about = {name: entry[name] for name in ("created_at", "updated_at", "lead_time")}
        user = {"annotator": entry["completed_by"]["id"], "annotation_id": entry["id"]}
        rows.append({**task["data"], "id": task["id"], **said, **user, **about})
    return rows
