"""YAML that people write: in which a key stands once, and whatever is wrong has a line.

pyyaml raises a dozen kinds of error: what it cannot make of a value (``!!int ''``, a date beyond
the calendar) comes as an `IndexError` or an `OverflowError`, deep nesting as a `RecursionError`.
Here all of it is a `yaml.MarkedYAMLError` with a line, and a text of some lines cannot stand for
gigabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pydantic
import yaml

from prefdata.core.errors import InternalError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["StrictLoader", "fault_line", "load_strict", "load_tree", "read_model"]

Model = TypeVar("Model", bound=pydantic.BaseModel)

_MOST_VALUES = 1_000_000
_UNMADE = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
"""What pyyaml raises where it cannot make the value that a tag asks for."""

# The parser in C, where pyyaml was built with it, is ten times as fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Placed:
    """Tells the place of a value that cannot be made."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - the signature of pyyaml
        """Return the value of a node."""
        try:
            return super().construct_object(node, deep)  # type: ignore[misc]
        except _UNMADE as error:
            kind = str(node.tag).rpartition(":")[2]
            problem = f"{str(node.value)[:40]!r} is no {kind}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error


class _Once:
    """Refuses a repeated key, which YAML forbids and pyyaml accepts."""

    def construct_mapping(self, node: yaml.Node, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the signature of pyyaml
        """Return the mapping of a node, each key of which stands once."""
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            for index, (key, _) in enumerate(node.value):
                if key.value in keys[:index]:
                    problem = f"the key {key.value!r} is given twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        found: dict[Any, Any] = super().construct_mapping(node, deep)  # type: ignore[misc]
        return found


class StrictLoader(_Once, _Placed, _Loader):  # type: ignore[misc]
    """Safe and fast, and refuses a repeated key."""


class _WordyLoader(_Once, _Placed, yaml.SafeLoader):
    """The same in Python, whose words and lines for what is wrong are the better ones."""


class _TreeLoader(_Placed, yaml.SafeLoader):
    """Safe, and lets the last of repeated keys count."""


def load_strict(text: str) -> Any:
    """Return the value of a YAML text; nothing in it is executed.

    Raises:
        yaml.MarkedYAMLError: If it is not YAML, repeats a key, nests too deeply, refers to itself,
            or holds a value that cannot be made.
    """
    try:
        return _load(text, StrictLoader)[0]
    except yaml.MarkedYAMLError:
        return _load(text, _WordyLoader)[0]


def load_tree(text: str) -> tuple[Any, yaml.Node | None]:
    """Return the value of a YAML text, and its tree, which knows the line of every value.

    Of a key that is repeated the last value counts, as with pyyaml.

    Raises:
        yaml.MarkedYAMLError: As `load_strict` does, but for repeated keys.
    """
    return _load(text, _TreeLoader)


def fault_line(error: yaml.YAMLError) -> int:
    """Return the line of an error, from 1."""
    mark = getattr(error, "problem_mark", None)
    return mark.line + 1 if mark else 1


def _load(text: str, loader: Any) -> tuple[Any, yaml.Node | None]:
    try:
        reader = loader(text)
        try:
            node: yaml.Node | None = reader.get_single_node()
            if node is None:
                return None, None
            _size(node, {}, set())
            return reader.construct_document(node), node
        finally:
            reader.dispose()
    except yaml.reader.ReaderError as error:
        # Bytes or characters, by the parser; a mark is better than none.
        raise _fault_at(
            text, error.position, f"a character is not allowed: {error.reason}"
        ) from error
    except UnicodeEncodeError as error:
        raise _fault_at(text, error.start, "half of a surrogate pair is no character") from error
    except RecursionError as error:
        raise _fault_at(text, 0, "it nests too deeply") from error
    except _UNMADE as error:
        raise _fault_at(text, 0, f"a value cannot be made: {error}") from error


def _size(node: yaml.Node, known: dict[int, int], above: set[int]) -> int:
    """Return how many values a node stands for, references followed.

    Raises:
        ConstructorError: If it refers to itself, or stands for more than anybody writes.
    """
    name = id(node)
    if name in known:
        return known[name]
    if name in above:
        problem = "a value refers to itself"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    parts: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        parts = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        parts = node.value
    above.add(name)
    known[name] = 1 + sum(_size(part, known, above) for part in parts)
    above.discard(name)
    if known[name] > _MOST_VALUES:
        problem = f"its references (*name) stand for more than {_MOST_VALUES:,} values"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    return known[name]


def _fault_at(text: str, place: int, problem: str) -> yaml.MarkedYAMLError:
    line = text.count("\n", 0, place)
    mark = yaml.Mark("<text>", place, line, 0, None, 0)
    return yaml.constructor.ConstructorError(None, None, problem, mark)


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
        raise _fault(path, f"line {fault_line(error)}", str(error.problem)) from error
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
