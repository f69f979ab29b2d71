"""What follows from answers grows as the rows do, and controls do not."""

from __future__ import annotations

from prefdata.chat.extrapolation import following

__all__: list[str] = []


def test_what_follows_is_as_often_as_in_the_pilot() -> None:
    purposes = ["write-blind", "write", "rewrite", "control-stance"]
    assert following(purposes, [100, 40, 12, 60], [300, 90, 0, 25]) == [300, 120, 36, 25]


def test_without_a_pilot_stand_ins_decide() -> None:
    assert following(["a", "b"], [0, 0], [300, 90]) == [300, 90]
    assert following(["a", "b"], [19, 19], [300, 90]) == [300, 90]
    assert following([], [], []) == []


def test_nothing_follows_where_no_row_is_new() -> None:
    assert following(["a", "b"], [100, 40], [0, 3]) == [0, 3]


def test_a_purpose_that_the_pilot_never_had_is_counted() -> None:
    assert following(["a", "b"], [100, 0], [300, 7]) == [300, 7]
