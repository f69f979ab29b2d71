"""The declarative folders are found in a wheel before a checkout, or missed with an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prefdata.core import shipped
from prefdata.core.errors import InternalError
from prefdata.core.shipped import shipped_folder

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


@pytest.mark.parametrize("name", ["schemas", "pipelines", "catalog"])
def test_each_declarative_folder_is_found(name: str) -> None:
    assert shipped_folder(name).is_dir()


def test_the_wheel_comes_before_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = (tmp_path / "wheel", tmp_path / "checkout")
    monkeypatch.setattr(shipped, "_PLACES", places)
    (places[1] / "schemas").mkdir(parents=True)
    assert shipped_folder("schemas") == places[1] / "schemas"
    (places[0] / "schemas").mkdir(parents=True)
    assert shipped_folder("schemas") == places[0] / "schemas"


def test_an_installation_without_the_folder_says_how_to_mend_it() -> None:
    with pytest.raises(InternalError, match="lacks the folder 'nothing'") as caught:
        shipped_folder("nothing")
    assert "pip install" in str(caught.value.fix)
