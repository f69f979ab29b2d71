"""Pairs as comparisons of AnnotatedPairs; the way back is in `tests/property`."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from pydantic import ValidationError

from prefdata.exporters._annotated_pairs.comparisons import compared
from prefdata.exporters.annotated_pairs import AnnotatedPairs, annotated_pairs

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def _say(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]


_Q, _GOOD, _BAD = _say("user", "Q?"), _say("assistant", "Good."), _say("assistant", "Bad.")
_SAME: dict[str, Any] = {"prompt": _Q, "chosen": _GOOD, "rejected": _BAD}
_OTHER: dict[str, Any] = {"prompt": _Q, "chosen": _BAD, "rejected": _GOOD}


@pytest.fixture
def told(pairs: Any) -> Any:
    """Return a function that makes pairs with kinds of annotators."""

    def make(*rows: dict[str, Any], kind: str | None = "human") -> pl.DataFrame:
        frame: pl.DataFrame = pairs(*rows)
        return frame.with_columns(
            annotator_kind=pl.lit(kind, pl.String),
            annotator_model=pl.lit("m" if kind == "model" else None, pl.String),
        )

    return make


def _write(frame: pl.DataFrame, out: Path, **params: Any) -> dict[str, Any]:
    (path,) = annotated_pairs.write(frame.iter_slices(2), out, AnnotatedPairs(**params))
    assert [found.name for found in out.iterdir()] == [path.name]
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _chosen(comparison: dict[str, Any], annotator: str) -> str | None:
    pref = comparison["annotations"][annotator]["pref"]
    return None if pref is None else comparison[f"response_{pref}"]["text"]


def test_annotators_of_two_responses_meet_in_one_comparison(told: Any, tmp_path: Path) -> None:
    document = _write(
        told(
            {**_SAME, "annotator_id": "ann", "chosen_model": "big"},
            {**_OTHER, "annotator_id": "ben", "rejected_model": "big"},
            {**_SAME, "annotator_id": "cem", "chosen_model": "big"},
        ),
        tmp_path,
    )
    (one,) = document["comparisons"]
    assert [_chosen(one, name) for name in ("ann", "ben", "cem")] == ["Good.", "Bad.", "Good."]
    default = document["metadata"]["default_annotator"]
    assert document["annotators"][default]["name"] == "preferred_text"
    assert _chosen(one, default) == "Good."
    models = {
        one[f"response_{side}"]["text"]: one[f"response_{side}"].get("model") for side in "ab"
    }
    assert models == {"Good.": "big", "Bad.": None}
    assert one["metadata"] == {"source": "toy", "aspect": "overall", "split": "train"}
    assert document["metadata"]["created_at"] is None


def test_who_judges_a_comparison_again_is_in_a_copy_of_it(told: Any, tmp_path: Path) -> None:
    rows = [{**one, "annotator_id": "ann"} for one in (_SAME, _SAME, _OTHER)]
    first, *copies = _write(told(*rows, {**_SAME, "annotator_id": "ben"}), tmp_path)["comparisons"]
    assert [one["id"].removeprefix(first["id"]) for one in copies] == ["~1", "~2"]
    assert [_chosen(one, "ann") for one in (first, *copies)] == ["Good.", "Good.", "Bad."]
    assert "ben" in first["annotations"]
    assert not any("ben" in one["annotations"] for one in copies)


def test_both_orders_with_margin_0_are_a_tie(told: Any, tmp_path: Path) -> None:
    tied = {"margin": 0.0, "margin_unit": "points", "annotator_id": "ann"}
    document = _write(told({**_SAME, **tied}, {**_OTHER, **tied}, {**_SAME, **tied}), tmp_path)
    said = [one["annotations"]["ann"] for one in document["comparisons"]]
    assert said[0] == {"pref": None, "no_pref_reason": "both"}
    # One order alone is what it says.
    assert said[1]["pref"] in {"a", "b"}


def test_an_equal_vote_is_a_tie_of_most(told: Any, tmp_path: Path) -> None:
    rows = ({**_SAME, "annotator_id": "ann"}, {**_OTHER, "annotator_id": "ben"})
    document = _write(told(*rows), tmp_path)
    (one,) = document["comparisons"]
    default = document["metadata"]["default_annotator"]
    assert one["annotations"][default] == {"pref": None, "no_pref_reason": "both"}


@pytest.mark.parametrize(
    ("rows", "majority", "default", "others"),
    [
        # Who is alone would be told twice.
        ([{"annotator_id": "ann"}], True, "ann", ["ann"]),
        # Pairs of several votes have no annotator; they are what most prefer.
        ([{}], True, "ba751e7b", ["ba751e7b"]),
        ([{}, {"annotator_id": "ann"}], False, "ba751e7b", ["ba751e7b", "ann"]),
        (
            [{"annotator_id": "b"}, {"annotator_id": "a"}, {"annotator_id": "b"}],
            False,
            "b",
            ["a", "b"],
        ),
    ],
)
def test_the_default_annotator_is_most_people_or_whoever_said_most(
    told: Any, tmp_path: Path, rows: Any, majority: Any, default: str, others: list[str]
) -> None:
    document = _write(told(*rows), tmp_path, majority=majority)
    assert document["metadata"]["default_annotator"] == default
    assert list(document["annotators"]) == others


@pytest.mark.parametrize(
    ("kind", "type_", "says"),
    [
        ("human", "human", "A person."),
        ("group", "unknown", "A person, or a group of people."),
        ("model", "unknown", "The model m."),
        ("rule", "principle", "The rule x."),
        (None, "unknown", "A person, or a group of people."),
    ],
)
def test_annotators_are_of_the_types_of_the_format(
    told: Any, tmp_path: Path, kind: Any, type_: str, says: str
) -> None:
    document = _write(told({"annotator_id": "x"}, kind=kind), tmp_path)
    assert document["annotators"]["x"] == {"name": "x", "description": says, "type": type_}


def test_a_prompt_of_several_messages_is_a_text_or_messages(told: Any, tmp_path: Path) -> None:
    talk = [*_say("system", "S"), *_say("user", "Hi\t\n“é”")]
    frame = told({"prompt": talk}, {"prompt": []}, {"prompt": _Q})
    texts = [one["prompt"] for one in _write(frame, tmp_path / "a")["comparisons"]]
    assert texts == ["system: S\n\nuser: Hi\t\n“é”", None, "Q?"]
    whole = [
        one["prompt"] for one in _write(frame, tmp_path / "b", prompts="messages")["comparisons"]
    ]
    assert whole == [talk, None, "Q?"]
    with pytest.raises(ValidationError, match="messages needs file: json"):
        AnnotatedPairs(file="csv", prompts="messages")


def test_which_response_is_a_depends_on_words_and_seed_alone(pairs: Any) -> None:
    frame = pairs(*({"chosen": _say("assistant", f"{number}")} for number in range(200)))
    drawn = compared(frame, 0)
    assert 70 < drawn["is_chosen_a"].sum() < 130
    exchanged = frame.rename({"chosen": "rejected", "rejected": "chosen"}).select(frame.columns)
    other = compared(exchanged, 0)
    assert other["comparison_id"].equals(drawn["comparison_id"])
    assert (other["is_chosen_a"] != drawn["is_chosen_a"]).all()
    assert not compared(frame, 1)["is_chosen_a"].equals(drawn["is_chosen_a"])


def test_a_table_has_a_row_for_each_pair(told: Any, tmp_path: Path) -> None:
    odd = _say("assistant", 'a,"b"\r\n')
    frame = told({"chosen": odd, "chosen_model": "big"}, {"split": "test"}, {})
    paths = annotated_pairs.write(frame.iter_slices(1), tmp_path, AnnotatedPairs(file="csv"))
    assert [path.name for path in paths] == ["test.csv", "train.csv"]
    with paths[1].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    header = ["text_a", "text_b", "preferred_text", "input", "model_a", "model_b"]
    assert list(rows[0]) == header
    assert [row[row["preferred_text"]] for row in rows] == ['a,"b"\r\n', "Good 2.\nÜber\u2028"]
    assert rows[0][f"model_{rows[0]['preferred_text'][-1]}"] == "big"


def test_what_a_reader_would_not_see_is_left_out(told: Any) -> None:
    tail = [*_GOOD, *_say("user", "?"), *_GOOD]
    frame = told(
        {"chosen": tail},
        {"chosen": _GOOD, "rejected": _GOOD},
        {"rejected": _say("assistant", "None")},
        {"rejected": _say("assistant", "")},
        {},
    )
    unfit = annotated_pairs.unfit
    assert unfit is not None
    reasons = ["divergent-tail", "identical-responses", None, None, None]
    assert unfit(frame, AnnotatedPairs()).to_list() == reasons
    reasons[2:4] = ["read-as-missing"] * 2
    assert unfit(frame, AnnotatedPairs(file="csv")).to_list() == reasons


def test_bytes_do_not_depend_on_how_rows_come(told: Any, tmp_path: Path) -> None:
    frame = told(_SAME, _OTHER, {}, {**_SAME, "annotator_id": "ann"}, {}, _SAME)
    whole = annotated_pairs.write(iter([frame]), tmp_path / "a", AnnotatedPairs())
    parts = annotated_pairs.write(frame.iter_slices(1), tmp_path / "b", AnnotatedPairs())
    assert [path.read_bytes() for path in whole] == [path.read_bytes() for path in parts]
