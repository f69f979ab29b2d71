"""Formats that hold rationales: which one a pair gets, under which names, in which order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from prefdata.exporters._rationales import Compared, in_order, kept, question, renamed
from prefdata.exporters.con_j import ConJ, con_j
from prefdata.exporters.cut import Cut, cut
from prefdata.exporters.rationale_sft import RationaleSft, rationale_sft
from prefdata.exporters.rdpo import Rdpo, rdpo
from prefdata.exporters.trl import Trl, trl

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from prefdata.protocols import Exporter, Params

__all__: list[str] = []


def _write(
    exporter: Exporter, frame: pl.DataFrame, out: Path, params: Params
) -> list[dict[str, Any]]:
    paths = exporter.write(iter([frame]), out, params)
    assert [path.name for path in paths] == ["train.jsonl"]
    return [json.loads(line) for line in paths[0].read_text(encoding="utf-8").split("\n") if line]


def test_a_pair_gets_the_most_telling_kind_that_passed(
    pairs: Any, add: Any, rationale: Any
) -> None:
    frame = add(
        pairs({}, {}, {}),
        [rationale("X a", kind="general"), rationale("X b", kind="specific")],
        [rationale("X c", kind="general"), rationale("X d", is_kept=False, is_passed=False)],
        None,
    )
    assert kept(frame, "any").select("pair_id", "text").rows() == [
        ("pair0", "X b"),
        ("pair1", "X c"),
    ]
    assert kept(frame, "specific")["text"].to_list() == ["X b"]


def test_texts_on_one_response_are_not_of_the_pair(pairs: Any, add: Any, rationale: Any) -> None:
    critique = rationale("Too long.", kind="critique", about="rejected", preferred=None)
    frame = add(pairs({}), [critique])
    assert kept(frame, "any").is_empty()
    assert kept(frame, "any", about=("rejected",))["text"].to_list() == ["Too long."]


def test_the_order_is_drawn_by_content_and_seed(pairs: Any, add: Any, rationale: Any) -> None:
    frame = pairs(*({} for _ in range(400)))
    first = in_order(frame, 0)["is_chosen_first"]
    assert 150 < first.sum() < 250
    assert in_order(frame.reverse(), 0)["is_chosen_first"].reverse().equals(first)
    assert not in_order(frame, 1)["is_chosen_first"].equals(first)
    assert in_order(frame, 0, is_exchanged=True)["is_chosen_first"].equals(~first)


@pytest.mark.parametrize("preferred", ["x", "y"])
@pytest.mark.parametrize("is_chosen_first", [True, False])
def test_the_names_in_a_text_are_those_of_the_question(
    pairs: Any, add: Any, rationale: Any, preferred: str, is_chosen_first: bool
) -> None:
    chosen, rejected = ("X", "Y") if preferred == "x" else ("Y", "X")
    told = rationale(f"{chosen} says it; {rejected}'s words miss it.", preferred=preferred)
    frame = kept(add(pairs({}), [told]), "any").with_columns(is_chosen_first=is_chosen_first)
    params = Compared(first="One", second="Two")
    shown = frame.select(question=question(params), text=renamed(frame, params)).row(0, named=True)
    name, other = ("One", "Two") if is_chosen_first else ("Two", "One")
    assert shown["text"] == f"{name} says it; {other}'s words miss it."
    assert f"# {name}\nGood 0." in shown["question"]
    assert f"# {other}\nBad 0." in shown["question"]


def test_two_responses_need_two_names() -> None:
    with pytest.raises(ValidationError, match="two names"):
        Compared(first="A", second="A")


def test_the_fine_tuning_set_ends_with_the_verdict(
    pairs: Any, add: Any, rationale: Any, tmp_path: Path
) -> None:
    frame = add(pairs({}, {}), [rationale("X wins.")], None)
    params = RationaleSft(file="jsonl", both_orders=True, messages=False)
    rows = _write(rationale_sft, frame, tmp_path, params)
    assert {row["completion"] for row in rows} == {
        "Response 1 wins.\n\nVerdict: Response 1",
        "Response 2 wins.\n\nVerdict: Response 2",
    }
    for row in rows:
        named = row["completion"].split("Verdict: ")[1]
        assert f"# {named}\nGood 0." in row["prompt"]


def test_a_conversation_of_several_turns_keeps_its_roles(
    pairs: Any, add: Any, rationale: Any, tmp_path: Path
) -> None:
    turns = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "Why?"},
    ]
    frame = add(pairs({"prompt": turns}), [rationale("X wins.")])
    (row,) = _write(rationale_sft, frame, tmp_path, RationaleSft(file="jsonl", verdict="none"))
    (asked,) = row["prompt"]
    assert "System: Be kind.\n\nUser: Hi\n\nAssistant: Hello\n\nUser: Why?" in asked["content"]
    assert [(turn["role"], turn["content"][-5:]) for turn in row["completion"]] == [
        ("assistant", "wins.")
    ]


def test_rdpo_rows_are_strings_with_the_question_of_the_rationale(
    pairs: Any, add: Any, rationale: Any, tmp_path: Path
) -> None:
    frame = add(pairs({}, {}), [rationale("X wins.")], None)
    (row,) = _write(rdpo, frame, tmp_path, Rdpo(file="jsonl"))
    assert list(row) == ["prompt", "chosen", "rejected", "rationale", "prompt_rationale"]
    name = row["rationale"].removesuffix(" wins.")
    assert f"# {name}\n{row['chosen']}" in row["prompt_rationale"]
    rows = _write(rdpo, frame, tmp_path, Rdpo(file="jsonl", without="empty"))
    assert [row["rationale"] for row in rows] == [f"{name} wins.", ""]


def test_cut_takes_what_is_said_of_the_rejected_response_alone(
    pairs: Any, add: Any, rationale: Any, tmp_path: Path
) -> None:
    alone = {"preferred": None, "is_passed": None, "is_kept": None, "failed": None}
    critique = rationale("It is wrong.", kind="critique", about="rejected", **alone)
    of_pair = rationale("Y says more than X.", preferred="y")
    frame = add(pairs({}, {}, {}), [critique, of_pair], [of_pair], None)
    rows = _write(cut, frame, tmp_path, Cut(chosen_is_fine=True))
    assert [(row["id"], row["judgment"]) for row in rows] == [
        ("pair0/rejected", "It is wrong."),
        ("pair0/chosen", None),
        ("pair1/rejected", "The other response says more than this response."),
        ("pair1/chosen", None),
    ]
    assert list(rows[0]) == ["id", "instruction", "input", "output", "judgment"]
    assert [row["output"] for row in rows[:2]] == ["Bad 0.", "Good 0.\nÜber\u2028"]
    only = _write(cut, frame, tmp_path, Cut(with_pair_rationales=False))
    assert [row["judgment"] for row in only] == ["It is wrong."]


def test_con_j_sets_what_passed_over_what_failed(
    pairs: Any, add: Any, rationale: Any, tmp_path: Path
) -> None:
    bad = {"is_passed": False, "is_kept": False}
    blind = rationale("Y wins.", origin="blind", verdict="y", failed=["status"], **bad)
    tied = rationale("Both win.", origin="blind", verdict="tie", failed=["status"], **bad)
    leaky = rationale("X was chosen.", failed=["label-leak"], **bad)
    good = rationale("X wins.")
    frame = add(pairs({}, {}, {}), [good, leaky, blind], [good, tied], [good, leaky])
    params = ConJ(file="jsonl", messages=False)
    first, second = _write(con_j, frame, tmp_path, params)
    for row in (first, second):
        right = row["chosen"].split("Verdict: ")[1]
        assert row["chosen"].startswith(f"{right} wins.")
        assert f"# {right}\nGood" in row["prompt"]
    # A blind writer stands to its own verdict, one that was told stands to the label.
    wrong = first["rejected"].split("Verdict: ")[1]
    assert first["rejected"].startswith(f"{wrong} wins.")
    assert wrong not in first["chosen"]
    assert second["rejected"].startswith(second["chosen"].split("Verdict: ")[1])
    assert second["rejected"].split("Verdict: ")[1] == second["chosen"].split("Verdict: ")[1]
    only = _write(
        con_j, frame, tmp_path, ConJ(file="jsonl", messages=False, failed="wrong-verdict")
    )
    assert only == [first]


def test_a_fine_tuning_set_has_each_kind_that_passed(
    pairs: Any, add: Any, rationale: Any, tmp_path: Path
) -> None:
    frame = add(pairs({}), [rationale("X a.", kind="general"), rationale("X b.")])
    rows = _write(rationale_sft, frame, tmp_path, RationaleSft(file="jsonl", messages=False))
    assert [row["completion"].split("\n")[0][-2:] for row in rows] == ["b.", "a."]
    one = RationaleSft(file="jsonl", messages=False, kind="any")
    assert _write(rationale_sft, frame, tmp_path, one) == rows[:1]


def test_trl_pairs_get_columns_of_their_rationale(
    pairs: Any, add: Any, rationale: Any, tmp_path: Path
) -> None:
    frame = add(pairs({}, {}), [rationale("Y wins.", preferred="y")], None)
    rows = _write(trl, frame, tmp_path, Trl(file="jsonl"))
    told = ("rationale", "rationale_kind", "rationale_origin", "rationale_chosen")
    assert [[row[name] for name in told] for row in rows] == [
        ["Y wins.", "specific", "given", "Y"],
        [None, None, None, None],
    ]
    assert "rationale" not in _write(trl, pairs({}), tmp_path, Trl(file="jsonl"))[0]
