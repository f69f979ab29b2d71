from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from prefdata.recipes.parts import Folder, Name, Part

__all__: list[str] = []


@pytest.mark.parametrize("value", ["/etc", "~/x", "a/../../b"])
def test_a_folder_does_not_leave_the_workspace(value: str) -> None:
    with pytest.raises(ValidationError, match="inside the workspace"):
        TypeAdapter(Folder).validate_python(value)
    assert TypeAdapter(Folder).validate_python("a/b..c") == "a/b..c"


@pytest.mark.parametrize("value", ["", "A", "-a", "a b", "x" * 65])
def test_a_name_is_short_and_plain(value: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(value)


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(ValidationError, match="extra"):
        Part.model_validate({"x": 1})
