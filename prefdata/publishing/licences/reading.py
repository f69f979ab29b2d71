"""Reads the tables of licences and terms; a fault names the file, the line or the field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pydantic
import yaml

from prefdata.core.errors import InternalError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_table"]

Model = TypeVar("Model", bound=pydantic.BaseModel)

# The parser in C, where pyyaml was built with it, is ten times as fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Unique(_Loader):  # type: ignore[misc]
    """Reads YAML in which a key stands once; pyyaml would keep the last without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the signature is pyyaml's
        keys = [key.value for key, _ in node.value]
        for index, (key, _) in enumerate(node.value):
            if key.value in keys[:index]:
                problem = f"the key {key.value!r} is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def read_table(path: Path, model: type[Model]) -> Model:
    """Read a file of YAML as a model.

    Args:
        path: A file that ships with the package.
        model: What it must be.

    Raises:
        InternalError: If it is not YAML, repeats a key, or is not what the model says: the file
            ships with the package, so a fault in it is ours.
    """
    try:
        value = yaml.load(path.read_text(encoding="utf-8"), Loader=_Unique)  # noqa: S506 - is safe
        return model.model_validate(value)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _fault(path, f"line {line}", str(error.problem)) from error
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise _fault(path, field, first["msg"].removeprefix("Value error, ")) from error


def _fault(path: Path, place: str, problem: str) -> InternalError:
    return InternalError(
        f"The table {path.name} is wrong: {problem}.",
        where=f"{path.name}: {place}" if place else path.name,
        fix="Reinstall prefdata; in a checkout, edit the file.",
    )
