"""What is published loads in a trainer, and tells of each part where it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from prefdata.exporters.published_pairs import COLUMNS, PublishedPairs, published_pairs

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


@pytest.fixture
def told(pairs: Any) -> Any:
    """Return a function that makes pairs with all that the exporter reads."""

    def make(*rows: dict[str, Any]) -> pl.DataFrame:
        more = dict.fromkeys(published_pairs.more, pl.String)
        plain = {name: "MIT" if name.endswith("license") else None for name in more}
        beside = [{**plain, **{n: v for n, v in row.items() if n in more}} for row in rows]
        frame = pairs(*({n: v for n, v in row.items() if n not in more} for row in rows))
        added: pl.DataFrame = frame.hstack(pl.DataFrame(beside, schema=more))
        return added

    return make


def _written(frame: pl.DataFrame, folder: Path, **params: Any) -> pl.DataFrame:
    paths = published_pairs.write(iter([frame]), folder, PublishedPairs(**params))
    return pl.concat([pl.read_parquet(path) for path in paths])


def test_every_column_is_there_in_order_and_described(told: Any, tmp_path: Path) -> None:
    frame = told({"annotator_id": "pseudonym", "split": "test"})
    (path,) = published_pairs.write(iter([frame]), tmp_path, PublishedPairs())
    assert path.name == "test-00000-of-00001.parquet"
    assert pq.read_schema(path).names == list(COLUMNS) == list(published_pairs.columns)
    (row,) = pl.read_parquet(path).to_dicts()
    assert (row["annotator"], row["prompt_license"]) == ("pseudonym", "MIT")
    assert row["chosen"] == frame["chosen"].to_list()[0]


def test_terms_follow_from_the_models(told: Any, tmp_path: Path) -> None:
    frame = told(
        {"chosen_model": "gpt-4", "rejected_model": "never-heard-of"},
        {"annotator_kind": "model", "annotator_model": "gpt-4-turbo"},
        {"annotator_kind": "human", "annotator_model": None},
    )
    found = _written(frame, tmp_path)
    assert found["chosen_terms"].to_list() == ["openai", "unknown", "unknown"]
    assert found["rejected_terms"].to_list() == ["unknown"] * 3
    assert found["annotation_terms"].to_list() == [None, "openai", None]


def test_a_text_leaves_with_its_licence_and_terms(told: Any, tmp_path: Path) -> None:
    found = _written(told({}), tmp_path, leave_out=["chosen", "rejected", "annotator"])
    gone = {f"{side}{end}" for side in ("chosen", "rejected") for end in ("", "_license", "_terms")}
    assert set(COLUMNS) - set(found.columns) == {*gone, "annotator"}
    assert "chosen_model" in found.columns


def test_what_no_row_can_do_without_stays() -> None:
    with pytest.raises(ValidationError, match="no such column: chosne"):
        PublishedPairs(leave_out=["chosne"])
    with pytest.raises(ValidationError, match="every row needs pair_id and source"):
        PublishedPairs(leave_out=["source", "pair_id"])


def test_columns_about_annotators_follow_where_there_are_any(told: Any, tmp_path: Path) -> None:
    frame = told({}, {}).with_columns(annotator_age_band=pl.Series(["18-24", None]))
    found = _written(frame, tmp_path)
    assert found.columns == [*COLUMNS, "annotator_age_band"]
    assert found["annotator_age_band"].to_list() == ["18-24", None]


def test_pairs_that_would_teach_something_wrong_are_unfit(told: Any) -> None:
    user, assistant = ({"role": role, "content": "x"} for role in ("user", "assistant"))
    frame = told(
        {},
        {"prompt": []},
        {"prompt": [user, assistant]},
        {"chosen": [{"role": "assistant", "content": " "}]},
        {"chosen": [assistant], "rejected": [assistant]},
        {"rejected": [assistant, user]},
        {"prompt": [user, {"role": "tool", "content": "12 °C"}]},
    )
    assert published_pairs.unfit is not None
    assert published_pairs.unfit(frame, PublishedPairs()).to_list() == [
        None,
        "empty-prompt",
        "last-turn-not-user",
        "empty-response",
        "identical-responses",
        "response-not-assistant",
        None,
    ]
    bare = published_pairs.unfit(frame, PublishedPairs(leave_out=["rejected", "prompt"]))
    assert bare.null_count() == frame.height


def test_files_are_as_large_as_asked(told: Any, tmp_path: Path) -> None:
    long = [{"role": "assistant", "content": "".join(chr(33 + i % 90) for i in range(9_000))}]
    frame = told(*[{"chosen": long}] * 40)
    paths = published_pairs.write(
        frame.iter_slices(3), tmp_path, PublishedPairs(shard_bytes=200_000)
    )
    assert len(paths) > 1
    assert sum(pq.read_metadata(path).num_rows for path in paths) == 40
