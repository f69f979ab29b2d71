from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.core.errors import BackendError, MissingExtraError
from prefdata.privacy.names import NameFinder

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


@pytest.mark.skipif(
    importlib.util.find_spec("presidio_analyzer") is not None, reason="the extra is installed"
)
def test_names_need_an_extra() -> None:
    with pytest.raises(MissingExtraError, match=r"prefdata\[pii\]"):
        NameFinder("en_core_web_sm")


def test_names_are_found_by_a_model_in_a_folder(tmp_path: Path) -> None:
    pytest.importorskip("presidio_analyzer")
    spacy: Any = pytest.importorskip("spacy")
    # A model that knows one name stands for one that was trained.
    model = spacy.blank("en")
    model.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": "Jo Doe"}])
    model.to_disk(tmp_path / "model")
    texts = pl.DataFrame({"id": ["a", "b", "c"], "text": ["Ask Jo Doe.", None, "Ask."]})
    found = NameFinder(str(tmp_path / "model")).find(texts)
    assert found.rows() == [("a", 0, "person-name", "Jo Doe", 4)]


def test_a_model_that_is_not_there_is_not_downloaded() -> None:
    pytest.importorskip("presidio_analyzer")
    with pytest.raises(BackendError, match="no language model"):
        NameFinder("no_such_model")
