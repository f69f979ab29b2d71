"""The gate's power is counted on rationales that passed, and no more is asked than can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from scipy.stats import binomtest

from prefdata.protocols import ChatParams
from prefdata.rationales.checks import CHECKED
from prefdata.rationales.controls import CONTROLS
from prefdata.rationales.gate import Gate, pass_through
from prefdata.rationales.judged import Judge
from prefdata.rationales.power import ANY, POWER, clean_power, control_power, draw
from prefdata.testing.scripted_chat import ScriptedChat

if TYPE_CHECKING:
    from typing import Any

    from prefdata.protocols import ChatRequest

__all__: list[str] = []

_RIVERS = ("Rhine", "Elbe", "Danube", "Volga", "Loire", "Tiber", "Ebro", "Tagus", "Seine", "Thames")
_TOWNS = ("Cologne", "Dresden", "Vienna", "Kazan", "Nantes", "Rome", "Zaragoza", "Lisbon", "Paris")


def _rows(n: int, kind: str = "general") -> pl.DataFrame:
    rows = []
    for i in range(n):
        river, town = _RIVERS[i % 10], _TOWNS[i % 9]
        better, worse = "XY" if i % 2 else "YX"
        right = f"The {river} flows through {town} and then on towards the sea in the west."
        wrong = f"It rains on most days around number {i} and then the sky turns grey again."
        text = (
            f"{better} names the {river} and the town of {town}, which answers the question, "
            f"while {worse} only speaks of rain around number {i} and leaves the river open."
        )
        rows.append(
            {"rationale_id": f"r{i:03}", "source": "toy", "pair_id": f"pair{i}", "kind": kind}
            | {"prompt_id": f"prompt{i}", "text": text, "language": "en", "status": "ok"}
            | {"x_text": right if i % 2 else wrong, "y_text": wrong if i % 2 else right}
            | {"prompt_text": f"Which river is it in question {i}?", "finish_reason": "stop"}
            | {"preferred": "x" if i % 2 else "y"}
        )
    return pl.DataFrame(rows, schema=CHECKED)


def _reader(request: ChatRequest, purpose: str) -> str:
    """Judge stance by who names a river; everything is grounded in what comes first."""
    told = request.messages[-1]["content"]
    if purpose == "stance":
        return next((h for h in "XY" if f"{h} names" in told), "N")
    return "A"


def _gate(say: Any = _reader, *checks: str) -> Gate:
    judge = Judge(ScriptedChat(say), ChatParams(model="judge", rereads=0), "gate")
    return Gate(judge=judge, checks=checks)


def _row(power: pl.DataFrame, control: str, check: str = ANY) -> dict[str, Any]:
    (row,) = power.filter(
        (pl.col("control") == control) & (pl.col("check_name") == check)
    ).to_dicts()
    return row


def test_controls_are_counted_by_check_and_for_the_whole_gate() -> None:
    power = control_power(_rows(20), Gate(), seed=0)
    assert power.schema == POWER
    leak = _row(power, "label-leak")
    assert (leak["n"], leak["n_rejected"], leak["required"], leak["is_met"]) == (20, 20, 0.95, True)
    assert _row(power, "label-leak", "label-leak")["required"] == 0.95
    assert _row(power, "label-leak", "length")["required"] is None
    expected = binomtest(20, 20).proportion_ci(method="wilson")
    assert (leak["low"], leak["high"]) == pytest.approx((expected.low, expected.high))
    assert "names" not in set(power["check_name"])
    assert "boilerplate" not in set(power["check_name"])


def test_nothing_is_required_of_what_only_a_judge_could_see() -> None:
    without = _row(control_power(_rows(20), Gate(), seed=0), "handle-swap")
    assert (without["n_rejected"], without["required"], without["is_met"]) == (0, None, None)
    power = control_power(_rows(20), _gate(_reader, "stance"), seed=0)
    swapped = _row(power, "handle-swap")
    assert (swapped["n_rejected"], swapped["required"], swapped["is_met"]) == (20, 0.9, True)
    assert _row(power, "permuted")["required"] is None  # Grounding was not asked.


def test_a_judge_that_reads_it_the_wrong_way_round_has_no_power() -> None:
    def misread(request: ChatRequest, purpose: str) -> str:
        return {"X": "Y", "Y": "X"}.get(_reader(request, purpose), "N")

    power = control_power(_rows(20), _gate(misread, "stance"), seed=0)
    swapped = _row(power, "handle-swap")
    assert (swapped["n_rejected"], swapped["is_met"]) == (0, False)


def test_what_the_judge_could_not_tell_is_counted_apart() -> None:
    power = control_power(_rows(20), _gate(lambda *_: "well", "stance"), seed=0)
    stance = _row(power, "handle-swap", "stance")
    assert (stance["n"], stance["n_rejected"], stance["n_abstained"]) == (20, 0, 20)
    assert _row(power, "handle-swap")["n_rejected"] == 20  # Nobody vouches for them.


def test_nothing_is_required_where_a_check_has_no_limits_for_the_kind() -> None:
    power = control_power(_rows(20, kind="feedback"), Gate(), seed=0)
    assert _row(power, "cut")["required"] is None
    assert _row(power, "label-leak")["required"] == 0.95


def test_texts_for_the_opposite_label_are_a_control() -> None:
    def opposite(rows: pl.DataFrame) -> pl.DataFrame:
        swap = pl.col("text").str.replace_all("X", "#").str.replace_all("Y", "X")
        return rows.head(8).with_columns(text=swap.str.replace_all("#", "Y"))

    power = control_power(_rows(20), _gate(_reader, "stance"), seed=0, flipped=opposite)
    flipped = _row(power, "flipped")
    assert (flipped["n"], flipped["n_rejected"], flipped["is_met"]) == (8, 8, True)
    assert set(power["control"]) <= {*CONTROLS, "flipped"}


def test_what_is_rejected_of_good_rationales_is_the_price() -> None:
    rows = _rows(40).with_columns(
        text=pl.when(pl.col("rationale_id").is_in(["r000", "r001", "r002"]))
        .then(pl.lit("X wins."))
        .otherwise("text")
    )
    gate = Gate()
    power = clean_power(rows, pass_through(rows, gate), gate)
    row = _row(power, "clean")
    assert (row["n"], row["n_rejected"], row["required"], row["is_met"]) == (40, 3, 0.05, False)
    assert _row(power, "clean", "length")["required"] is None
    assert clean_power(rows.clear(), pass_through(rows.clear(), gate), gate).is_empty()


def test_nothing_passed_gives_no_power() -> None:
    assert control_power(_rows(0), Gate(), seed=0).is_empty()


def test_what_is_drawn_stays_when_rows_are_added() -> None:
    few, many = draw(_rows(30), 10, seed=1), draw(_rows(60), 20, seed=1)
    assert few.height == 10
    assert draw(_rows(5), 10, seed=1).height == 5
    of_both = many.filter(pl.col("rationale_id").is_in(_rows(30)["rationale_id"].implode()))
    assert set(few["rationale_id"]) & set(of_both["rationale_id"])
    assert draw(_rows(30).reverse(), 10, seed=1).equals(few)
    assert not draw(_rows(30), 10, seed=2).equals(few)
    kinds = pl.concat([_rows(30), _rows(30, kind="specific")])
    assert draw(kinds, 7, seed=1)["kind"].value_counts()["count"].to_list() == [7, 7]
