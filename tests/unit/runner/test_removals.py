from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prefdata.core.errors import UserError
from prefdata.recipes import Recipe
from prefdata.runner import export_pairs, run
from prefdata.runner.removals import removed_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prefdata.catalog import Catalog

__all__: list[str] = []


def test_with_a_person_go_their_judgments_and_pairs(
    catalog: Catalog, put_people: Callable[..., None], tmp_path: Path
) -> None:
    put_people()
    run(catalog, Recipe.model_validate({"name": "r", "steps": ["make-pairs"]}))
    (tmp_path / "gone.csv").write_text("subject,id\nannotators,crowd:worker-003\n")
    rows = removed_rows(tmp_path / "gone.csv", catalog.workspace, catalog.head().state)
    counts = dict(rows["subject"].value_counts().iter_rows())
    assert counts == {"annotators": 1, "judgments": 2, "pairs": 2}
    made = export_pairs(catalog, "jsonl", tmp_path / "out", removals=str(tmp_path / "gone.csv"))
    assert (made.rows, made.written.left_out) == (46, {"removed": 2})
    assert "worker-003" not in (tmp_path / "out" / "train.jsonl").read_text()


def test_a_list_that_cannot_be_read_stops_the_export(
    catalog: Catalog, put_people: Callable[..., None], tmp_path: Path
) -> None:
    put_people()
    (tmp_path / "gone.csv").write_text("who\nworker-003\n")
    with pytest.raises(UserError, match="removals"):
        removed_rows(tmp_path / "gone.csv", catalog.workspace, catalog.head().state)
