"""Judges are annotators, their verdicts are judgments, and ids say what they are about."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefdata.protocols import ChatRequest

__all__: list[str] = []


def test_a_judge_is_an_annotator_with_its_model(court: Any) -> None:
    result = court.judge(models=["m", {"model": "m", "temperature": 0.5}, "n"])
    annotators = result.tables["annotators"]
    assert annotators["model"].to_list() == ["m", "m", "n"]
    assert set(annotators["kind"]) == {"model"}
    names = annotators["annotator_id"]
    assert names.n_unique() == 3
    assert all(re.fullmatch(r"toy:judge/[mn]@[0-9a-f]{16}", name) for name in names)
    judgments = result.tables["judgments"]
    assert set(judgments["annotator_id"]) == set(names)
    assert judgments["judgment_id"].n_unique() == judgments.height == result.rows_in == 24


def test_every_judge_of_a_single_comparison_is_an_annotator(empty: Any) -> None:
    empty.build.prompt("p", "Hi")
    empty.build.response("p/a", "one")
    empty.build.response("p/b", "other")
    empty.pair("p", "a", "b")
    result = empty.judge(models=["m", "n", "o"], both_orders=False)
    assert result.tables["annotators"].height == 3


def test_a_row_leads_to_its_answer(court: Any) -> None:
    row = court.judge().tables["judgments"].row(0, named=True)
    said = json.loads(row["raw"])
    assert row["annotator_id"].endswith(said["chat"])
    known = {answer.request for answer in court.chat._known.values()}
    assert said["request"] in known


def test_a_tie_chooses_nobody(court: Any) -> None:
    judgments = court.judge(lambda *_: "C").tables["judgments"]
    assert set(judgments["outcome"]) == {"tie"}
    assert not judgments["chosen"].list.any().any()


def test_ratings_of_all_responses_to_a_prompt_are_one_row(court: Any) -> None:
    def script(request: ChatRequest, _purpose: str) -> str:
        return str(min(len(court.shown(request)["Response"]), 10))

    result = court.judge(script, protocol="rating", aspects=["overall", "style"])
    assert result.rows_in == 12
    rows = result.tables["judgments"].to_dicts()
    assert [(row["prompt_id"], row["aspect"]) for row in rows] == [
        (prompt, aspect) for prompt in "pq" for aspect in ("overall", "style")
    ]
    assert rows[0]["response_ids"] == ["p/a", "p/b", "p/c"]
    assert rows[0]["scores"] == [10.0, 7.0, 10.0]
    assert rows[0]["raw_values"] == ["10", "7", "10"]
    assert (rows[0]["scale_min"], rows[0]["scale_max"]) == (1.0, 10.0)
    assert rows[0]["comments"] is None
    assert not rows[0]["is_order_known"]


def test_a_rating_that_cannot_be_read_leaves_the_others(court: Any) -> None:
    def script(request: ChatRequest, _purpose: str) -> str:
        is_short = court.shown(request)["Response"].startswith("short")
        return "8/10" if is_short else '{"reasons": "So.", "score": 3}'

    result = court.judge(script, protocol="rating", reasoning="before")
    assert court.rules(result) == ["unreadable-verdict"] * 2
    judgments = result.tables["judgments"]
    assert judgments["response_ids"].to_list() == [["p/a", "p/c"], ["q/a", "q/c"]]
    assert judgments["comments"].to_list() == [["So.", "So."]] * 2
    assert set(result.rejects["id"]) == set(judgments["judgment_id"])
