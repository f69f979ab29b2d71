"""Comparisons are read with all that is known of them; what cannot be routed is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.core.errors import UserError
from prefdata.routing.cases import Cases, Reading, read_cases
from prefdata.schema import polars_schema, table_schema
from prefdata.testing.votes import STEPS, VoteWorld, vote_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__: list[str] = []

_WHAT = Reading(STEPS, STEPS[2:], "route-features", "overall")
_WORLD = VoteWorld(n_evaluation=12, n_seed=20, n_pool=30, n_imported=5, n_without_ai=4)


@pytest.fixture(scope="module")
def frames() -> dict[str, pl.DataFrame]:
    return vote_tables(_WORLD)


def _read(frames: Mapping[str, pl.DataFrame], what: Reading = _WHAT) -> Cases:
    return read_cases({name: frame.lazy() for name, frame in frames.items()}, what)


def test_every_comparison_is_read_or_rejected(frames: dict[str, pl.DataFrame]) -> None:
    cases = _read(frames)
    assert (cases.n_read, cases.rows.height) == (62, 58)
    assert cases.rejects["rule"].to_list() == ["no-ai-label"] * 4
    votes = dict(cases.rows.group_by("n_native").len().iter_rows())
    assert (votes[0], votes[1]) == (30, 16)
    assert cases.rows.filter(pl.col("n_human") > pl.col("n_native")).height == 5
    assert cases.votes["is_imported"].sum() == 5
    assert cases.rows["words"].min() > 10  # type: ignore[operator]
    assert set(cases.rows["language"]) == {"de", "en"}


def test_the_order_of_rows_does_not_matter(frames: dict[str, pl.DataFrame]) -> None:
    straight = _read(frames)
    backwards = _read({name: frame.reverse() for name, frame in frames.items()})
    assert backwards.rows.equals(straight.rows)
    assert backwards.votes.equals(straight.votes)


def test_what_is_known_of_the_verdicts_of_several_models(frames: dict[str, pl.DataFrame]) -> None:
    pairs = frames["pairs"].filter(stage=STEPS[1])
    other = pairs.with_columns(
        annotator_id=pl.lit("toy:second"),
        chosen_id="rejected_id",
        rejected_id="chosen_id",
        margin=pl.lit(None, pl.Float64),
    )
    model = (
        frames["annotators"].filter(kind="model").with_columns(annotator_id=pl.lit("toy:second"))
    )
    changed = {
        **frames,
        "pairs": pl.concat([frames["pairs"], other]),
        "annotators": pl.concat([frames["annotators"], model]),
    }
    rows = _read(changed).rows
    assert set(rows["ai_label"]) == {0.5}
    assert set(rows["dissent"]) == {1.0}
    alone = _read(frames).rows
    assert alone["dissent"].null_count() == alone.height
    assert alone.filter(pl.col("is_tie") == 1)["ai_label"].unique().to_list() == [0.5]
    assert alone["confidence"].max() == 1


def test_comparisons_without_features_are_rejected(frames: dict[str, pl.DataFrame]) -> None:
    some = frames["comparison_features"].head(40)
    cases = _read({**frames, "comparison_features": some})
    assert cases.rows.height + cases.rejects.height == 62
    assert "no-features" in set(cases.rejects["rule"])


def test_votes_of_two_protocols_are_not_mixed(frames: dict[str, pl.DataFrame]) -> None:
    is_rated = (pl.col("stage") == STEPS[0]) & pl.col("prompt_id").str.ends_with("3")
    rule = pl.when(is_rated).then(pl.lit("ratings")).otherwise("rule")
    mixed = {**frames, "pairs": frames["pairs"].with_columns(rule=rule)}
    with pytest.raises(UserError, match="two protocols") as raised:
        _read(mixed)
    assert "protocol: pairwise" in str(raised.value)
    cases = _read(mixed, replace(_WHAT, protocol="pairwise"))
    assert 0 < cases.votes.height < _read(frames).votes.height


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (replace(_WHAT, votes=STEPS[:1], imported=()), "run `judge`"),
        (replace(_WHAT, aspect="honesty"), "name one of these: overall"),
    ],
)
def test_where_there_is_nothing_to_plan_the_reason_says_what_to_do(
    frames: dict[str, pl.DataFrame], what: Reading, said: str
) -> None:
    cases = _read(frames, what)
    assert cases.rows.is_empty()
    assert said in cases.why
    assert cases.n_read == cases.rejects.height


def test_features_that_nobody_wrote_are_an_error(frames: dict[str, pl.DataFrame]) -> None:
    with pytest.raises(UserError, match="Run `route-features`"):
        _read(frames, replace(_WHAT, features="nobody"))


def test_annotators_must_be_known(frames: dict[str, pl.DataFrame]) -> None:
    known = frames["annotators"].filter(pl.col("kind") != "model")
    with pytest.raises(UserError, match="toy:model") as raised:
        _read({**frames, "annotators": known})
    assert "judgments: [judge]" in str(raised.value)


def test_nothing_comes_of_nothing() -> None:
    names = ("pairs", "annotators", "prompts", "responses", "comparison_features")
    empty = {name: pl.DataFrame(schema=polars_schema(table_schema(name))) for name in names}
    cases = _read(empty)
    assert (cases.n_read, cases.rows.height, cases.rejects.height) == (0, 0, 0)
