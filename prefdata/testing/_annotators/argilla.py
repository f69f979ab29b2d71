"""A data set in Argilla, as its client 2.8.0 and its service export it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from prefdata.testing._annotators.votes import (
    BEGAN,
    IDS,
    time_of,
    user_of,
    word_of,
    write_bytes,
    write_json,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prefdata.testing._annotators.votes import ScriptedVote

__all__ = ["export", "tasks_in"]


def tasks_in(folder: Path) -> list[dict[str, Any]]:
    """Return the tasks that were handed off."""
    records = [
        record
        for path in sorted(folder.glob("votes-*/records.json"))
        for record in json.loads(path.read_text(encoding="ascii"))
    ]
    return [{**record["metadata"], **record["fields"]} for record in records]


def export(
    tasks: Sequence[dict[str, Any]], votes: Sequence[ScriptedVote], shape: str, path: Path
) -> Path:
    """Write records as `Record.to_dict` and `GenericIO` of the client 2.8.0 do."""
    flat, nested, service = [], [], []
    for task in tasks:
        mine = [vote for vote in votes if vote.comparison_id == task["comparison_id"]]
        head = {
            "id": task["comparison_id"],
            "status": "pending",
            "_server_id": str(user_of(task["comparison_id"])),
        }
        fields = {name: task[name] for name in ("question", "prompt", "first", "second")}
        swapped = str(task["is_swapped"]).lower()
        metadata = {**{name: task[name] for name in IDS}, "is_swapped": swapped}
        around = {**head, "fields": fields, "metadata": metadata, "suggestions": {}, "vectors": {}}
        flat.append({**head, **fields, **metadata, **_columns(mine)})
        nested.append({**around, "responses": _nested(mine)})
        service.append({**around, "responses": [_service(vote) for vote in mine]})
    # The client gives all records the same keys.
    keys = dict.fromkeys(key for record in flat for key in record)
    flat = [{key: record.get(key) for key in keys} for record in flat]
    exported = max((time_of(vote) for vote in votes), default=BEGAN.isoformat())
    match shape:
        case "flat":
            return write_json(path, {"exported_at": exported, "records": flat})
        case "lines":
            lines = "".join(json.dumps(record) + "\n" for record in flat)
            return write_bytes(path.with_suffix(".jsonl"), lines.encode())
        case "columns":
            return write_json(path, {key: [record[key] for record in flat] for key in keys})
        case "parquet":
            target = path.with_suffix(".parquet")
            pq.write_table(pa.Table.from_pylist(flat), target)
            return target
        case "service":
            return write_json(path, {"items": service, "total": len(service)})
    return write_json(path, nested)


_STATUS = {"submitted": "submitted", "draft": "draft", "skipped": "discarded"}


def _columns(votes: Sequence[ScriptedVote]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for vote in votes:
        # What has no value is no response to the question, whatever its status.
        for question, value in _values(vote).items():
            name = f"{question}.responses"
            columns.setdefault(name, []).append(value)
            columns.setdefault(f"{name}.users", []).append(str(user_of(vote.annotator)))
            columns.setdefault(f"{name}.status", []).append(_STATUS[vote.status])
    return columns


def _values(vote: ScriptedVote) -> dict[str, str]:
    values = {"preference": word_of(vote), "comment": vote.comment}
    return {question: value for question, value in values.items() if value is not None}


def _nested(votes: Sequence[ScriptedVote]) -> dict[str, list[dict[str, Any]]]:
    said: dict[str, list[dict[str, Any]]] = {}
    for vote in votes:
        for question, value in _values(vote).items():
            entry = {"value": value, "user_id": str(user_of(vote.annotator))}
            said.setdefault(question, []).append(entry)
    return said


def _service(vote: ScriptedVote) -> dict[str, Any]:
    return {
        "id": str(user_of(f"{vote.comparison_id}/{vote.annotator}")),
        "values": {name: {"value": value} for name, value in _values(vote).items()},
        "status": _STATUS[vote.status],
        "user_id": str(user_of(vote.annotator)),
        "inserted_at": BEGAN.isoformat(),
        "updated_at": time_of(vote),
    }
