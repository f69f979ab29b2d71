"""Between catalog and format nothing vanishes: what does not come through is counted by reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.core.errors import DataError, UserError
from prefdata.privacy.pseudonyms import Key, pseudonyms
from prefdata.protocols import Exporter, NoParams
from prefdata.runner.treatment import Treated, Treatment, scrub_kinds
from prefdata.tables.messages import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__: list[str] = []


def _write(frames: Iterator[pl.DataFrame], out: Path, params: Any) -> list[Path]:
    raise NotImplementedError


def _short(frame: pl.DataFrame, params: Any) -> pl.Series:
    """Hold no pair whose id ends in x."""
    is_odd = pl.col("pair_id").str.ends_with("x")
    return frame.select(reason=pl.when(is_odd).then(pl.lit("odd-id")))["reason"]


_PLAIN = Exporter("plain", 1, NoParams, _write)
_PICKY = Exporter("picky", 1, NoParams, _write, unfit=_short)


def _say(role: str, text: str) -> list[dict[str, str]]:
    return [{"role": role, "content": text}]


def _frame(*ids: str, text: str = "Write to ann@example.org.") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "pair_id": ids,
            "source": ["s"] * len(ids),
            "annotator_id": [f"s:person-{name}" for name in ids],
            "annotator_kind": ["human"] * len(ids),
            "prompt": [_say("user", text)] * len(ids),
            "chosen": [_say("assistant", text)] * len(ids),
            "rejected": [_say("assistant", "No.")] * len(ids),
        },
        schema_overrides=dict.fromkeys(("prompt", "chosen", "rejected"), MESSAGES),
    )


def _treat(treatment: Treatment, *frames: pl.DataFrame, found: Exporter = _PLAIN) -> Treated:
    treated = Treated(treatment, found, NoParams(), where="export to x")
    treated_frames = list(treated.apply(frames))
    assert sum(frame.height for frame in treated_frames) == treated.rows
    assert treated.rows + sum(treated.left_out.values()) == sum(f.height for f in frames)
    treated.frames = treated_frames  # type: ignore[attr-defined]
    return treated


def _rows(treated: Treated) -> pl.DataFrame:
    made: pl.DataFrame = pl.concat(treated.frames)  # type: ignore[attr-defined]
    return made


def test_without_wishes_frames_pass_as_they_are() -> None:
    frame = _frame("a", "b")
    treated = _treat(Treatment(), frame)
    assert _rows(treated).equals(frame)
    assert (treated.left_out, treated.found, treated.scrubbed) == ({}, {}, {})


def test_what_a_format_cannot_hold_is_left_out_counted_and_named() -> None:
    treated = _treat(Treatment(), _frame("a", "bx"), _frame("cx"), found=_PICKY)
    assert _rows(treated)["pair_id"].to_list() == ["a"]
    assert treated.left_out == {"odd-id": 2}
    assert treated.rejected().rows() == [("bx", "odd-id"), ("cx", "odd-id")]


def test_or_it_is_an_error_that_names_the_pair() -> None:
    with pytest.raises(DataError, match="picky cannot hold the pair bx: odd-id") as caught:
        _treat(Treatment(is_strict=True), _frame("a", "bx"), found=_PICKY)
    assert "prefdata why bx" in str(caught.value)


def test_people_get_pseudonyms_and_models_keep_their_names() -> None:
    key = Key(b"k" * 32)
    frame = _frame("a", "b").with_columns(annotator_kind=pl.Series(["human", "model"]))
    treated = _treat(Treatment(key=key), frame)
    assert treated.more == ("annotator_kind",)
    rows = _rows(treated)
    assert "annotator_kind" not in rows.columns
    hidden = pseudonyms(frame["source"], frame["annotator_id"], key)
    assert rows["annotator_id"].to_list() == [hidden[0], "s:person-b"]


def test_demographics_come_by_annotator_and_are_null_where_nothing_is_said() -> None:
    who = pl.DataFrame({"annotator_id": ["s:person-b"], "annotator_gender": ["Female"]})
    rows = _rows(_treat(Treatment(demographics=who), _frame("a", "b")))
    assert rows["annotator_gender"].to_list() == [None, "Female"]


def test_personal_data_is_replaced_but_in_pairs_that_may_keep_it() -> None:
    treated = _treat(Treatment(scrubs=(), keeps=("b",)), _frame("a", "b", "c"))
    rows = _rows(treated)
    texts = rows["chosen"].list.first().struct.field("content").to_list()
    assert rows["pair_id"].to_list() == ["a", "b", "c"]
    assert texts[1] == "Write to ann@example.org."
    assert texts[0] == texts[2] == "Write to <EMAIL_1>."
    assert sum(treated.scrubbed.values()) == 4
    assert sum(treated.scrubbed_rows.values()) == 2


def test_a_recipe_names_kinds_or_asks_for_all_or_none() -> None:
    assert scrub_kinds(asked=True) == ()
    assert scrub_kinds(asked=False) is None
    assert scrub_kinds(("email",)) == ("email",)
    with pytest.raises(UserError, match="names no kind"):
        scrub_kinds(())
