from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import yaml

from prefdata.core.errors import UserError
from prefdata.privacy.removals import asked, follow, read_removals, removal_digest

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_ROWS: list[dict[str, Any]] = [
    {"subject": "prompts", "id": "toy:1"},
    {"subject": "annotators", "id": "prism:user7", "asked_at": "2026-11-02", "reason": "by mail"},
]


def _csv(rows: list[dict[str, Any]]) -> str:
    return "subject,id,asked_at\n" + "".join(f"{row['subject']},{row['id']},\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.csv", _csv(_ROWS)),
        ("list.yaml", yaml.safe_dump(_ROWS)),
        ("list.jsonl", "\n".join(json.dumps(row) for row in [*_ROWS, _ROWS[0]]) + "\n\n"),
    ],
)
def test_a_list_reads_alike_in_each_form(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert read_removals(path).rows() == [("annotators", "prism:user7"), ("prompts", "toy:1")]


@pytest.mark.parametrize("name", ["list.csv", "list.yaml", "list.jsonl"])
def test_an_empty_list_removes_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("")
    assert read_removals(tmp_path / name).is_empty()


@pytest.mark.parametrize(
    ("name", "text", "where", "what"),
    [
        ("a.csv", "subject,id\nprompts,x\npeople,y\n", "a.csv:3", "'people'"),
        ("a.csv", "subject,id\nprompts,\n", "a.csv:2", "no id"),
        ("a.csv", "id\nx\n", "a.csv:2", "subject None"),
        ("a.csv", "subject,id,name\nprompts,x,Jo\n", "a.csv:2", "name"),
        ("a.yaml", "- prompts", "entry 1", "no subject"),
        ("a.yaml", "subject: prompts\nid: 7\n", "entry 1", "no text"),
        ("a.yaml", "{", "a.yaml:1", "cannot be read"),
        ("a.jsonl", "{}\nnot json\n", "a.jsonl:1", "no id"),
        ("a.jsonl", "\nnot json\n", "a.jsonl", "cannot be read"),
        ("a.txt", "x", "a.txt", "CSV, YAML"),
        ("gone/a.csv", None, "a.csv", "cannot be read"),
    ],
)
def test_what_is_no_list_of_removals_is_refused_with_its_place(
    name: str, text: str | None, where: str, what: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_removals(path)
    assert what in caught.value.what
    assert str(caught.value.where).endswith(where)


def test_an_id_may_be_named_by_its_digest() -> None:
    removals = pl.DataFrame(
        {"subject": ["pairs", "pairs", "prompts"], "id": ["p1", removal_digest("p2"), "p3"]}
    )
    ids = pl.Series(["p1", "p2", "p3", None])
    assert asked(ids, removals, "pairs").to_list() == [True, True, False, False]
    assert removal_digest("abc").startswith("sha256:ba7816bf8f01cfea")


def _tables() -> dict[str, pl.LazyFrame]:
    place = {"file": "f.jsonl", "row": 0}
    rows: dict[str, list[dict[str, Any]]] = {
        "annotators": [{"annotator_id": "a1"} | place, {"annotator_id": "a2"} | place],
        "conversations": [
            {"conversation_id": "c1", "annotator_id": "a1"} | place,
            {"conversation_id": "c2", "annotator_id": "a2"} | place,
        ],
        "prompts": [
            {
                "prompt_id": f"p{c}{t}", "conversation_id": f"c{c}", "turn": t,
                "file": "f.jsonl", "row": 10 * c + t,
            }
            for c in (1, 2)
            for t in (0, 1, 2)
        ],
        "responses": [
            {"response_id": f"p{c}{t}/{key}", "prompt_id": f"p{c}{t}"} | place
            for c in (1, 2)
            for t in (0, 1, 2)
            for key in "xy"
        ],
        "judgments": [
            {
                "judgment_id": f"j{n}", "prompt_id": p, "annotator_id": a,
                "response_ids": [f"{p}/x", f"{p}/y"],
            } | place
            for n, (p, a) in enumerate([("p10", "a1"), ("p20", "a2"), ("p20", "a1"), ("p21", "a2")])
        ],
        "pairs": [
            {
                "pair_id": f"pair{n}", "prompt_id": p, "annotator_id": a, "judgment_id": f"j{n}",
                "chosen_id": f"{p}/x", "rejected_id": f"{p}/y",
            }
            for n, (p, a) in enumerate([("p10", "a1"), ("p20", "a2"), ("p20", "a1"), ("p21", "a2")])
        ],
    }  # fmt: skip
    return {name: pl.LazyFrame(table) for name, table in rows.items()}


def _gone(*removals: tuple[str, str]) -> dict[str, list[str]]:
    listed = pl.DataFrame(removals, schema=["subject", "id"], orient="row")
    return {
        name: rows["id"].to_list()
        for name, rows in follow(_tables(), listed).items()
        if rows.height
    }


def test_with_an_annotator_goes_all_that_they_said() -> None:
    gone = _gone(("annotators", "a1"))
    assert gone["conversations"] == ["c1"]
    assert gone["prompts"] == ["p10", "p11", "p12"]
    assert gone["judgments"] == ["j0", "j2"]
    assert gone["pairs"] == ["pair0", "pair2"]


def test_with_a_turn_go_the_later_ones_that_repeat_it() -> None:
    assert _gone(("prompts", "p21"))["prompts"] == ["p21", "p22"]
    gone = _gone(("responses", "p20/y"))
    assert gone["prompts"] == ["p21", "p22"]
    assert gone["judgments"] == ["j1", "j2", "j3"]
    assert gone["responses"] == ["p20/y", "p21/x", "p21/y", "p22/x", "p22/y"]


def test_a_row_may_be_named_by_its_place_in_the_raw_file() -> None:
    assert _gone(("prompts", "f.jsonl#22"))["prompts"] == ["p22"]
    assert _gone(("pairs", "f.jsonl#20")) == {"pairs": ["pair1", "pair2"]}


def test_what_is_named_is_told_from_what_follows() -> None:
    listed = pl.DataFrame({"subject": ["judgments"], "id": ["j1"]})
    found = follow(_tables(), listed)
    assert found["judgments"].rows() == [("j1", True)]
    assert found["pairs"].rows() == [("pair1", False)]
    some = {name: _tables()[name] for name in ("prompts", "pairs")}
    assert follow(some, listed)["pairs"].is_empty()
