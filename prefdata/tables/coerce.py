"""Fit one parsed JSON object to an Arrow schema: exact, widening numbers, never guessing."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from prefdata.tables.raw import Reject

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EXACT_FLOAT", "Misfit", "coerce_row", "to_json"]

EXACT_FLOAT = 2**53
"""Up to here, a double holds every integer."""


class Misfit(Exception):  # noqa: N818 - control flow inside the readers, never seen by users
    """A value does not fit its field."""

    def __init__(self, field: str | None, rule: str, reason: str) -> None:
        """Store what becomes a `Reject`."""
        super().__init__(reason)
        self.field = field
        self.rule = rule
        self.reason = reason

    def reject(self, row: int, *, raw: str) -> Reject:
        """Make the reject of the row."""
        return Reject(row, self.rule, self.reason, field=self.field, raw=raw)


def coerce_row(
    value: dict[str, Any], schema: pa.Schema, *, required: Sequence[str]
) -> dict[str, Any]:
    """Return the object with exactly the fields of ``schema`` plus ``extra``.

    ``extra`` is a JSON object of the fields that the schema does not know; a known field that
    holds unknown nested fields is repeated there whole, so that nothing is lost.

    Raises:
        Misfit: If a value does not fit, or a required field is missing or null.
    """
    unknown: dict[str, Any] = {k: v for k, v in value.items() if k not in schema.names}
    shaped: dict[str, Any] = {}
    for field in schema:
        given = value.get(field.name)
        if given is None and field.name in required:
            known = ", ".join(sorted(value)[:12])
            reason = f"the field {field.name!r} is missing or null; the row has: {known}"
            raise Misfit(field.name, "missing-field", reason)
        shaped[field.name], is_partial = _coerce(given, field.type, field.name)
        if is_partial:
            unknown[field.name] = given
    shaped["extra"] = to_json(unknown) if unknown else None
    return shaped


def to_json(value: object) -> str:
    """Write a value of a raw row as JSON that a UTF-8 file can hold.

    JSON can spell half of a surrogate pair; such a text is written with escapes throughout, and
    reads back as it was. NaN, which is no JSON, becomes null as in a known field, and infinity
    the string that Python writes it as.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
    except ValueError:
        value = _finite(value)
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if _is_unicode(text) else json.dumps(value, sort_keys=True)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return None if math.isnan(value) else json.dumps(value)


def _coerce(value: Any, kind: pa.DataType, path: str) -> tuple[Any, bool]:
    """Return the fitted value and whether nested fields unknown to the type were left out."""
    if value is None:
        return None, False
    if pa.types.is_struct(kind):
        return _struct(value, kind, path)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _list(value, kind, path)
    return _scalar(value, kind, path), False


def _list(value: object, kind: pa.ListType, path: str) -> tuple[list[Any], bool]:
    if not isinstance(value, list):
        raise _misfit(value, kind, path)
    items = [_coerce(v, kind.value_type, f"{path}[{i}]") for i, v in enumerate(value)]
    return [item for item, _ in items], any(part for _, part in items)


def _scalar(value: object, kind: pa.DataType, path: str) -> str | float | None:
    if pa.types.is_floating(kind):
        return _float(value, kind, path)
    if pa.types.is_integer(kind):
        return _integer(value, kind, path)
    if pa.types.is_boolean(kind) and isinstance(value, bool):
        return value
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if is_text and isinstance(value, str) and _is_unicode(value):
        return value
    raise _misfit(value, kind, path)


def _struct(value: object, kind: pa.StructType, path: str) -> tuple[dict[str, Any], bool]:
    if not isinstance(value, dict):
        raise _misfit(value, kind, path)
    names = {field.name for field in kind}
    is_partial = any(key not in names for key in value)
    fitted: dict[str, Any] = {}
    for field in kind:
        fitted[field.name], is_part = _coerce(
            value.get(field.name), field.type, f"{path}.{field.name}"
        )
        is_partial = is_partial or is_part
    return fitted, is_partial


def _float(value: object, kind: pa.DataType, path: str) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _misfit(value, kind, path)
    if isinstance(value, int) and abs(value) > EXACT_FLOAT:
        raise _misfit(value, kind, path)
    # A bare NaN is how json.dumps of a data frame writes a missing number.
    return None if math.isnan(value) else float(value)


def _integer(value: object, kind: pa.DataType, path: str) -> int:
    if isinstance(value, bool):
        raise _misfit(value, kind, path)
    whole: int | None = value if isinstance(value, int) else None
    if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT_FLOAT:
        whole = int(value)
    is_signed = pa.types.is_signed_integer(kind)
    least = -(2 ** (kind.bit_width - 1)) if is_signed else 0
    if whole is None or not least <= whole < least + 2**kind.bit_width:
        raise _misfit(value, kind, path)
    return whole


def _is_unicode(text: str) -> bool:
    # JSON can spell half of a surrogate pair, which no UTF-8 file can hold.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _misfit(value: object, kind: pa.DataType, path: str) -> Misfit:
    top = path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]
    shown = repr(value)[:80]
    return Misfit(top, "wrong-type", f"{path} is {shown}, expected {kind}")
