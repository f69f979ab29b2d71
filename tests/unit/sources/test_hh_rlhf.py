"""HH-RLHF: split where the roles change, part where the transcripts part, back to the byte."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import SourceDriftError
from prefdata.protocols import NoParams, RawFile
from prefdata.sources._hh_rlhf.pairs import join_turns, split_turns
from prefdata.sources.hh_rlhf import hh_rlhf
from prefdata.testing.contracts import ReadBack, read_source

_REAL = Path(os.environ.get("PREFDATA_REAL_DATA") or Path(__file__).parents[4] / "shared" / "data")
_REAL_FILE = _REAL / "hh-rlhf" / "harmless-base" / "test.jsonl.gz"
_PROMPT = "\n\nHuman: a\n\nAssistant:"


def _read(
    path: Path, rows: list[dict[str, str]], name: str = "harmless-base/test.jsonl"
) -> ReadBack:
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return read_source(hh_rlhf, [RawFile(path, name)], NoParams())


def _rebuilt(back: ReadBack) -> list[dict[str, str]]:
    return hh_rlhf.rebuild(back.tables)["harmless-base/test.jsonl"]


_PIECES = ["a", " ", "\n", "é", "\x1e", "Human:", "Assistant:", "\n\nHuman:", "\n\nAssistant: "]
_TEXT = st.lists(st.sampled_from(_PIECES), max_size=8).map("".join)


@given(st.lists(st.tuples(_TEXT, _TEXT), min_size=1, max_size=5))
def test_any_transcripts_come_back_to_the_byte(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
) -> None:
    # A file without any transcript is another file; this one has one.
    pairs = [(f"{_PROMPT} first", f"{_PROMPT} other"), *pairs]
    rows = [{"chosen": a, "rejected": b} for a, b in pairs]
    back = _read(tmp_path_factory.mktemp("hh") / "x.jsonl", rows)
    assert back.rejects.is_empty()
    assert _rebuilt(back) == rows


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text(max_size=9)), min_size=1))
def test_turns_join_into_the_transcript_they_came_from(turns: list[tuple[str, str]]) -> None:
    messages = [{"role": role, "content": text} for role, text in turns]
    transcript = join_turns(messages)
    split = split_turns(transcript)
    assert split is None or join_turns(split) == transcript


def test_a_regular_pair_shares_its_prompt(tmp_path: Path) -> None:
    rows = [{"chosen": f"{_PROMPT} yes", "rejected": f"{_PROMPT} no"}]
    back = _read(tmp_path / "x.jsonl", rows)
    (prompt,) = back.tables["prompts"].to_dicts()
    assert prompt["messages"] == [{"role": "user", "content": "a"}]
    assert prompt["raw"] is None
    assert back.tables["responses"]["text"].to_list() == ["yes", "no"]
    (judgment,) = back.tables["judgments"].to_dicts()
    assert judgment["chosen"] == [True, False]
    assert judgment["is_order_known"] is False
    assert judgment["aspect"] == "harmlessness"


@pytest.mark.parametrize(
    ("chosen", "rejected", "tails"),
    [
        # They part before the last turn.
        (
            f"{_PROMPT} x\n\nHuman: b\n\nAssistant: c",
            f"{_PROMPT} y\n\nHuman: d\n\nAssistant: e",
            [["x", "b", "c"], ["y", "d", "e"]],
        ),
        # The rejected transcript is the beginning of the chosen one.
        (f"{_PROMPT} x\n\nHuman: b\n\nAssistant: c", f"{_PROMPT} x", [["x", "b", "c"], ["x"]]),
        # Two assistant turns in a row: the first is shared.
        (f"{_PROMPT} x\n\nAssistant: c", f"{_PROMPT} x\n\nAssistant: d", [["c"], ["d"]]),
        # The same on both sides.
        (f"{_PROMPT} x", f"{_PROMPT} x", [["x"], ["x"]]),
        # An empty last reply, and markers inside a turn that are only text.
        (f"{_PROMPT} ", f"{_PROMPT} Assistant: Human: x", [[""], ["Assistant: Human: x"]]),
        # The common beginning ends inside a character of the other text.
        (f"{_PROMPT} é", f"{_PROMPT} è", [["é"], ["è"]]),
    ],
)
def test_responses_keep_their_own_tails(
    tmp_path: Path, chosen: str, rejected: str, tails: list[list[str]]
) -> None:
    rows = [{"chosen": chosen, "rejected": rejected}]
    back = _read(tmp_path / "x.jsonl", rows)
    contents = back.tables["responses"]["messages"].list.eval(pl.element().struct.field("content"))
    assert contents.to_list() == tails
    assert _rebuilt(back) == rows


def test_pairs_of_another_dataset_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceDriftError, match="read as `trl`"):
        _read(tmp_path / "x.jsonl", [{"chosen": "Yes.", "rejected": "No."}])


def test_equal_rows_have_ids_of_their_own_that_no_order_changes(tmp_path: Path) -> None:
    rows = [{"chosen": f"{_PROMPT} {i % 3}", "rejected": f"{_PROMPT} no"} for i in range(7)]
    ids = [
        sorted(_read(tmp_path / "x.jsonl", order).tables["prompts"]["prompt_id"])
        for order in (rows, rows[::-1])
    ]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 7


def test_red_team_transcripts_come_as_an_array_or_as_lines(tmp_path: Path) -> None:
    name = "red-team-attempts/red_team_attempts.jsonl"
    attempts = json.loads(hh_rlhf.example[name])
    texts = [json.dumps(attempts), "\n".join(json.dumps(a) for a in attempts)]
    backs = []
    for i, text in enumerate(texts):
        path = tmp_path / f"{i}.jsonl"
        path.write_text(text)
        backs.append(read_source(hh_rlhf, [RawFile(path, name)], NoParams()))
    assert hh_rlhf.rebuild(backs[0].tables) == hh_rlhf.rebuild(backs[1].tables) == {name: attempts}
    judgments = backs[0].tables["judgments"]
    assert judgments["scores"].to_list() == [[0.0], [4.0], [1.0]]
    assert backs[0].tables["annotators"].height == 2


@pytest.mark.skipif(not _REAL_FILE.is_file(), reason="needs the published file")
def test_the_published_file_gives_the_published_numbers() -> None:
    back = read_source(hh_rlhf, [RawFile(_REAL_FILE, "harmless-base/test.jsonl.gz")], NoParams())
    with gzip.open(_REAL_FILE) as file:
        raw = [json.loads(line) for line in file]
    assert len(raw) == 2_312
    assert hh_rlhf.rebuild(back.tables)["harmless-base/test.jsonl.gz"] == raw
    responses = back.tables["responses"]
    tails = responses.filter(pl.col("messages").list.len() > 1)
    # Row 2036 parts early too, though one of its tails is a single turn.
    assert sorted(set(tails["row"])) == [1254, 1688, 1950, 1952, 2036]
    empty = responses.filter(
        (pl.col("text") == "") & pl.col("response_id").str.ends_with("/chosen")
    )
    assert sorted(empty["row"]) == [86, 516, 925, 1103]
