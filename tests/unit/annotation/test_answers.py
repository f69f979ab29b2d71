"""Every answer is kept or has a reason; the newest of an annotator counts; no address is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.annotation.answers import RULES, classify, masked, read_folder, recognise
from prefdata.annotation.tasks import write_tasks
from prefdata.core.errors import UserError
from prefdata.protocols.handoffs import ANSWERS, TASKS
from prefdata.testing.labelling import answer, offer_plain, plain, write_answers

if TYPE_CHECKING:
    import random
    from pathlib import Path

__all__: list[str] = []

_TASKS = [
    {
        "comparison_id": name,
        "plan_id": plan,
        "batch": 0,
        "aspect": "overall",
        "source": "toy",
        "prompt_id": "q",
        "response_a_id": "a",
        "response_b_id": "b",
        "is_swapped": name == "c2",
        "arm": "human",
    }
    for name, plan in (("c1", "p"), ("c2", "p"), ("c3", "p"), ("c3", "later"))
]
_FRAME = pl.DataFrame(_TASKS, schema=TASKS)
_KNOWN = pl.DataFrame({"response_id": ["a", "b"], "prompt_id": ["q", "q"]})


def _answers(rows: list[dict[str, Any]]) -> pl.DataFrame:
    placed = [{"file": "f", "row": i, "tool": "plain"} | row for i, row in enumerate(rows)]
    return pl.DataFrame(placed, schema={**ANSWERS, "tool": pl.String()})


def _rules(*rows: dict[str, Any], known: pl.DataFrame = _KNOWN) -> list[str | None]:
    read = classify(_answers(list(rows)), _FRAME, known, step="import-labels")
    return read["rule"].to_list()


def test_an_answer_is_joined_with_its_task() -> None:
    [row] = classify(_answers([answer(_TASKS[1])]), _FRAME, _KNOWN, step="s").to_dicts()
    assert (row["rule"], row["prompt_id"], row["batch"]) == (None, "q", 0)
    assert (row["annotator_id"], row["is_named"]) == ("toy:s/plain/ann", True)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"status": "unreadable", "choice": None}, "unreadable"),
        ({"choice": None}, "unreadable"),
        ({"choice": 3}, "unreadable"),
        ({"comparison_id": "elsewhere"}, "foreign"),
        ({"plan_id": "another"}, "foreign"),
        ({"comparison_id": None, "plan_id": None}, "foreign"),
        ({"is_swapped": True}, "order-mismatch"),
        ({"status": "draft", "choice": None}, "draft"),
        ({"status": "skipped", "choice": None}, "skipped"),
        ({"is_swapped": None}, None),
        ({"plan_id": None}, None),
    ],
)
def test_what_is_no_judgment_says_why(change: dict[str, Any], rule: str | None) -> None:
    assert _rules(answer(_TASKS[0]) | change) == [rule]


def test_without_a_plan_an_answer_needs_the_only_one() -> None:
    assert _rules(answer(_TASKS[2], plan_id=None)) == ["foreign"]


def test_a_response_that_is_gone_is_told() -> None:
    assert _rules(answer(_TASKS[0]), known=_KNOWN.head(1)) == ["unknown-response"]
    moved = _KNOWN.with_columns(prompt_id=pl.lit("other"))
    assert _rules(answer(_TASKS[0]), known=moved) == ["unknown-response"]
    read = classify(_answers([answer(_TASKS[0])]), _FRAME, None, step="s")
    assert read["rule"].to_list() == [None]


def test_the_newest_version_wins_and_numbers_are_numbers() -> None:
    old, new = (answer(_TASKS[0], version=v, choice=c) for v, c in (("9", 1), ("10", -1)))
    assert _rules(new, old) == [None, "superseded"]
    first, later = (answer(_TASKS[0], version=f"2026-01-0{day}") for day in (1, 2))
    assert _rules(first, later) == ["superseded", None]
    assert _rules(answer(_TASKS[0]), answer(_TASKS[0])) == [None, "duplicate"]


def test_a_withdrawn_answer_is_none_and_one_after_a_skip_is() -> None:
    said = answer(_TASKS[0], version="1")
    taken = answer(_TASKS[0], version="2", status="draft", choice=None)
    assert _rules(said, taken) == ["superseded", "draft"]
    skipped = answer(_TASKS[0], version="0", status="skipped", choice=None)
    assert _rules(skipped, said) == ["skipped", None]
    broken = answer(_TASKS[0], version="3", status="unreadable", choice=None)
    assert _rules(said, broken) == [None, "unreadable"]


def test_people_without_a_name_are_not_taken_for_one() -> None:
    one, other = (answer(_TASKS[0], None, answer_id=name) for name in "xy")
    assert _rules(one, other) == [None, None]
    read = classify(_answers([one]), _FRAME, _KNOWN, step="s")
    assert read.select("annotator_id", "is_named").row(0) == ("toy:s/plain/anonymous", False)


@pytest.mark.parametrize(
    "text", ["ann@example.org", "mailto:Ann.Lee+x@mail.example.co.uk!", '{"email": "a@b.io"}']
)
def test_addresses_are_masked(text: str) -> None:
    assert "@" not in masked(text)
    assert masked(masked(text)) == masked(text)
    assert masked(text) == masked(text.replace("Ann", "ann"))


@given(st.text())
def test_only_addresses_are_masked(text: str) -> None:
    if "@" not in text:
        assert masked(text) == text


_CASES = st.lists(
    st.builds(
        lambda task, who, more: answer(task, who, **more),
        st.sampled_from([*_TASKS, {"comparison_id": "x", "plan_id": "p", "is_swapped": False}]),
        st.sampled_from(["ann", "bob", None]),
        st.fixed_dictionaries(
            {
                "version": st.sampled_from(["1", "2", None]),
                "status": st.sampled_from(["submitted", "draft", "skipped", "unreadable"]),
                "choice": st.sampled_from([None, -1, 0, 2]),
                "is_swapped": st.sampled_from([None, True, False]),
            }
        ),
    ),
    max_size=12,
)


@given(_CASES, st.randoms(use_true_random=False))
def test_rows_in_are_judgments_and_rejects_whatever_their_order(
    rows: list[dict[str, Any]], chance: random.Random
) -> None:
    read = classify(_answers(rows), _FRAME, _KNOWN, step="s")
    assert read.height == len(rows)
    assert set(read["rule"].drop_nulls()) <= set(RULES)
    kept = read.filter(pl.col("rule").is_null())
    named = kept.filter("is_named")
    assert not named.select("annotator_id", "comparison_id").is_duplicated().any()
    shuffled = list(rows)
    chance.shuffle(shuffled)
    again = classify(_answers(shuffled), _FRAME, _KNOWN, step="s")
    said = ["comparison_id", "plan_id", "annotator_id", "choice", "version", "rule"]
    assert sorted(read.select(said).rows(), key=repr) == sorted(again.select(said).rows(), key=repr)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    offer_plain(monkeypatch)
    write_tasks(_FRAME.filter(plan_id="p"), tmp_path)
    return tmp_path


def _files(folder: Path) -> dict[str, Path]:
    return {f"handoffs/{path.name}": path for path in sorted(folder.iterdir())}


def test_a_folder_is_read_file_by_file_and_strangers_are_named(folder: Path) -> None:
    mail = "Bob@example.org"
    write_answers([answer(_TASKS[0], mail, raw=f'{{"by": "{mail}"}}')], folder / "x.answers")
    write_answers([answer(_TASKS[1])], folder / f"plain-{'0' * 16}.json")
    (folder / "notes.txt").write_text("remember the milk")
    files = _files(folder) | {"quiz.jsonl": folder / "notes.txt"}
    tasks, answers, strangers = read_folder(files, {"plain": {}})
    assert (tasks.height, answers.height, strangers) == (3, 2, ["handoffs/notes.txt"])
    assert set(answers["tool"]) == {"plain"}
    assert answers["file"].to_list() == [f"handoffs/plain-{'0' * 16}.json", "handoffs/x.answers"]
    assert "example.org" not in answers.write_csv()
    assert answers["annotator"].to_list() == ["ann", masked(mail)]


def test_the_name_that_an_import_gave_tells_the_tool(folder: Path) -> None:
    path = folder / "anything"
    path.write_text("{}")
    assert recognise(path) is None
    assert recognise(path, f"plain-{'a' * 16}.json") == "plain"
    assert recognise(path, f"unheard-of-{'a' * 16}.json") is None


def test_a_file_of_two_tools_must_be_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefdata.annotation import answers

    path = write_answers([answer(_TASKS[0])], folder / "x")
    monkeypatch.setattr(answers, "names", lambda _: ("plain", "twin"))
    monkeypatch.setattr(answers, "plugin", lambda *_: plain)
    with pytest.raises(UserError, match="may be answers of plain or twin"):
        recognise(path)
