from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.core.errors import DataError, RecipeError
from prefdata.core.fingerprint import file_digest
from prefdata.publishing.contents import rows_digest
from prefdata.recipes import Recipe
from prefdata.runner.publish import publish
from prefdata.runner.staging import contents_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prefdata.catalog import Catalog
    from prefdata.runner.publish import PublishResult

__all__: list[str] = []


def test_what_is_staged_can_be_proved_by_whoever_loads_it(
    published: tuple[Catalog, PublishResult],
) -> None:
    contents = published[1].contents
    assert [config.name for config in contents.configs] == ["all", "asked"]
    assert [config.is_default for config in contents.configs] == [True, False]
    for config in contents.configs:
        for split in config.splits:
            frames = [pl.read_parquet(contents.folder / file) for file in split.files]
            assert rows_digest(frames) == (split.rows, split.digest)
    for file in contents.files:
        assert file_digest(contents.folder / file.path) == file.sha256


def test_a_configuration_holds_only_the_columns_it_is_to_have(
    published: tuple[Catalog, PublishResult],
) -> None:
    folder = published[1].folder
    (path,) = (folder / "asked").glob("*.parquet")
    names = set(pl.read_parquet(path).columns)
    assert names.isdisjoint({"chosen", "rejected", "prompt", "chosen_license", "prompt_license"})
    assert {"pair_id", "margin", "annotator"} <= names


def test_hidden_files_are_not_published(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.txt").write_text("x")
    (tmp_path / "a" / ".hidden").write_text("x")
    (tmp_path / ".mark").write_text("x")
    assert [file.path for file in contents_of(tmp_path, []).files] == ["a/b.txt"]


@pytest.mark.parametrize(
    ("config", "error", "said"),
    [
        ({"as": "jsonl"}, RecipeError, "a publication is Parquet"),
        ({"removals": "all.csv"}, DataError, "No pair is left to publish: 3 were selected"),
    ],
)
def test_a_configuration_that_cannot_be_published_is_named(
    catalog: Catalog,
    put: Callable[..., None],
    config: dict[str, Any],
    error: type[Exception],
    said: str,
) -> None:
    put("a", 3)
    (catalog.workspace.root / "all.csv").write_text("subject,id\nannotators,a:annotators\n")
    said_of_it = {"title": "T", "removals": config.pop("removals", None)}
    said_of_it |= {"configs": [{"name": "odd", **config}]}
    recipe = Recipe.model_validate(
        {"name": "r", "steps": ["make-pairs"], "publication": said_of_it}
    )
    with pytest.raises(error, match=said) as caught:
        publish(catalog, recipe)
    assert "odd" in str(caught.value)
    assert not (catalog.workspace.root / "publication").exists()
