"""YAML in which a key stands once, and files of it that ship with the package, as models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pydantic
import yaml

from prefdata.core.errors import InternalError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["StrictLoader", "load_strict", "read_model"]

Model = TypeVar("Model", bound=pydantic.BaseModel)

# The parser in C, where pyyaml was built with it, is ten times as fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class StrictLoader(_Loader):  # type: ignore[misc]
    """Safe, and refuses a repeated key, which YAML forbids and pyyaml accepts."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the signature of pyyaml
        """Return the mapping of a node, each key of which stands once."""
        keys = [key.value for key, _ in node.value]
        for index, (key, _) in enumerate(node.value):
            if key.value in keys[:index]:
                problem = f"the key {key.value!r} is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def load_strict(text: str) -> Any:
    """Return the value of a YAML text; nothing in it is executed.

    Raises:
        yaml.YAMLError: If it is not YAML, or repeats a key.
    """
    return yaml.load(text, Loader=StrictLoader)  # noqa: S506 - a safe loader


def read_model(path: Path, model: type[Model]) -> Model:
    """Read a file that ships with the package as a model.

    Args:
        path: A file of YAML.
        model: What it must be.

    Raises:
        InternalError: If it is not YAML, repeats a key, or is not what the model says: a fault in
            a file that ships is ours.
    """
    try:
        return model.model_validate(load_strict(path.read_text(encoding="utf-8")))
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
