"""Damage to inputs that keeps their shape, steered by one source of chance for both tools.

Bytes that are no longer JSON at all are refused at the door. What finds faults behind it is a row
that is right but for a field that is gone, twice, of another type, or of a value that nobody
expects. Hypothesis hands over a `random.Random` whose choices it records and shrinks; atheris one
seeded by libFuzzer.
"""

from __future__ import annotations

import copy
import csv
import io
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

__all__ = ["damage_bytes", "damage_csv", "damage_json", "damage_parquet", "damage_text"]

_DEEP = 1500
_NESTED = 100
_LONGEST = 1 << 16
_ODD: tuple[Any, ...] = (
    None,
    "",
    " ",
    "\n",
    "None",
    "nan",
    "\x00",
    "\ud800",
    "x\udfff",
    "\ufeff",
    "\u2028",
    "İ",
    "e\u0301",
    "a/b",
    "a:b",
    "\N{FAMILY}\N{ZERO WIDTH JOINER}",
    "2024-02-30T25:61:00Z",
    "x" * 3000,
    -1,
    0,
    1,
    2**31,
    2**53 + 1,
    2**63,
    10**400,
    -0.0,
    0.5,
    1e308,
    float("nan"),
    float("inf"),
    float("-inf"),
    True,
    False,
    [],
    {},
    [[]],
    [None],
    [{}],
    {"": ""},
    {"a": {"b": []}},
    ["x", 1],
    "[]",
    "{}",
    '[{"role": "user", "content": "x"}]',
)
_PIECES = (
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n\n",
    b"\\ud800",
    b'"',
    b"{",
    b"]",
    b",",
    b"NaN",
    b"1e999",
    b"\xc2\xa0",
    b"\x85",
)


def damage_bytes(data: bytes, chance: random.Random) -> bytes:  # noqa: PLR0911 - one line for each
    """Change bytes wherever they stand: cut, repeated, put in, turned over."""
    place, end = sorted(chance.randint(0, len(data)) for _ in range(2))
    match chance.randint(0, 6):
        case 0:
            return data[:place]
        case 1:
            return data[:place] + data[end:]
        case 2:
            return data[:end] + data[place:end] + data[end:]
        case 3:
            return b"\xef\xbb\xbf" + data
        case 4:
            return data.replace(b"\n", b"\r\n")
        case 5 if place < len(data):
            return data[:place] + bytes([chance.randint(0, 255)]) + data[place + 1 :]
        case _:
            return data[:place] + chance.choice(_PIECES) + data[place:]


def damage_value(value: Any, chance: random.Random, more: Sequence[Any] = ()) -> Any:
    """Change one place inside a JSON value, and return it.

    Args:
        value: Changed in place where it can be.
        chance: What to do.
        more: Values of other rows, which fit better than those that nobody expects.
    """
    if isinstance(value, dict) and value and chance.randint(0, 9):
        return _damage_dict(value, chance, more)
    if isinstance(value, list) and value and chance.randint(0, 3):
        return _damage_list(value, chance, more)
    if isinstance(value, str) and value and chance.randint(0, 1):
        return _damage_string(value, chance)
    if more and not chance.randint(0, 3):
        return copy.deepcopy(chance.choice(more))
    return copy.deepcopy(chance.choice(_ODD))


def _damage_dict(value: dict[str, Any], chance: random.Random, more: Sequence[Any]) -> Any:
    key = chance.choice(list(value))
    alike = [row[key] for row in more if isinstance(row, dict) and key in row]
    match chance.randint(0, 7):
        case 0:
            del value[key]
        case 1:
            value[chance.choice([f"{key}_x", key.upper(), "", "row", "extra"])] = value.pop(key)
        case 2:
            value[chance.choice(["unknown", "row", "prefdata", "\ud800"])] = copy.deepcopy(
                chance.choice(_ODD)
            )
        case 3 if alike:
            value[key] = copy.deepcopy(chance.choice(alike))
        case _:
            value[key] = damage_value(value[key], chance, alike)
    return value


def _damage_list(value: list[Any], chance: random.Random, more: Sequence[Any]) -> Any:
    place = chance.randrange(len(value))
    match chance.randint(0, 6):
        case 0:
            del value[place]
        case 1:
            value.insert(place, copy.deepcopy(value[place]))
        case 2:
            value.reverse()
        case 3:
            value.insert(place, copy.deepcopy(chance.choice(_ODD)))
        case _:
            value[place] = damage_value(value[place], chance, value)
    return value


def _damage_string(value: str, chance: random.Random) -> Any:  # noqa: PLR0911 - one line for each
    place = chance.randint(0, len(value))
    odd = chance.choice(_ODD)
    match chance.randint(0, 7):
        case 0:
            return value[:place]
        case 1:
            return value.swapcase()
        case 2:
            return f" {value}\n"
        case 3:
            return value + value
        case 4:
            # A cell may hold JSON of its own.
            try:
                return json.dumps(damage_value(json.loads(value), chance))
            except (ValueError, RecursionError):
                return value[::-1]
        case 5 if isinstance(odd, str):
            return value[:place] + odd + value[place:]
        case 6:
            return [value]
        case _:
            return copy.deepcopy(odd)


def damage_json(data: bytes, chance: random.Random) -> bytes:
    """Change the rows of a JSON Lines file, an array, or one JSON value."""
    try:
        rows, is_array = _json_rows(data)
    except (ValueError, RecursionError):
        return damage_bytes(data, chance)
    if not rows or not chance.randint(0, 9):
        return damage_bytes(data, chance)
    place = chance.randrange(len(rows))
    match chance.randint(0, 9):
        case 0:
            del rows[place]
        case 1:
            rows.append(copy.deepcopy(rows[place]))
        case 2:
            rows.insert(0, rows.pop(place))
        case 3:
            is_array = not is_array
        case _:
            rows[place] = damage_value(rows[place], chance, rows)
    try:
        lines = [json.dumps(row, ensure_ascii=chance.randint(0, 3) > 0) for row in rows]
        written = [line.encode(errors="surrogatepass") for line in lines]
    except (ValueError, RecursionError):
        return damage_bytes(data, chance)
    if written and not chance.randint(0, 9):
        written[-1] = _damage_line(written[-1], chance)
    if is_array:
        return b"[" + b",\n".join(written) + b"]"
    return b"\n".join(written) + b"\n"


def _json_rows(data: bytes) -> tuple[list[Any], bool]:
    if b"[" * _NESTED in data:
        # How deep Python reads depends on who calls, and the same choices must do the same.
        message = "nested too deep"
        raise ValueError(message)
    try:
        return [json.loads(line) for line in data.split(b"\n") if line.strip()], False
    except ValueError:
        value = json.loads(data)
        return (value, True) if isinstance(value, list) else ([value], False)


def _damage_line(line: bytes, chance: random.Random) -> bytes:
    match chance.randint(0, 5):
        case 0:
            return b'{"x": ' + b"[" * _DEEP + b"]" * _DEEP + b"}"
        case 1:
            return line + line
        case 2:
            # The first key once more.
            return line[:-1] + b", " + line[1:] if line.startswith(b"{") else line
        case 3:
            return b"null"
        case 4:
            return line.replace(b": ", b": " + b"9" * 5000, 1)
        case _:
            return damage_bytes(line, chance)


def damage_csv(data: bytes, chance: random.Random) -> bytes:
    """Change the cells of a CSV file."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    except (UnicodeDecodeError, csv.Error):
        return damage_bytes(data, chance)
    if not rows or not chance.randint(0, 7):
        return damage_bytes(data, chance)
    place = chance.randrange(len(rows))
    row = rows[place]
    match chance.randint(0, 9):
        case 0:
            del rows[place]
        case 1:
            rows.append(list(row))
        case 2:
            row.append("more")
        case 3 if row:
            row.pop()
        case 4 if row:
            # The header too: a column is renamed, or there twice.
            row[chance.randrange(len(row))] = chance.choice(row)
        case _ if row:
            cell = chance.randrange(len(row))
            others = [other[cell] for other in rows if len(other) > cell]
            row[cell] = str(damage_value(row[cell], chance, others))
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=chance.choice(["\n", "\r\n"])).writerows(rows)
    return out.getvalue().encode(errors="replace")


def damage_parquet(data: bytes, chance: random.Random) -> bytes:
    """Change the rows, the columns or the types of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not chance.randint(0, 5):
        return damage_bytes(data, chance)
    try:
        table = pq.read_table(pa.BufferReader(data))
        names = table.schema.names
        place = chance.randrange(len(names))
        rows = table.to_pylist()
        match chance.randint(0, 9):
            case 0:
                table = table.drop_columns([names[place]])
            case 1:
                table = table.rename_columns([*names[:place], "row", *names[place + 1 :]])
            case 2:
                table = pa.concat_tables([table, table])
            case 3:
                table = table.slice(chance.randint(0, table.num_rows), 1)
            case 4:
                column = table.column(place).cast(pa.string())
                table = table.set_column(place, names[place], column)
            case 5 | 6:
                # Types as they were, so the value must fit them.
                row = chance.randrange(max(len(rows), 1))
                rows[row] = _damage_dict(rows[row], chance, rows)
                table = pa.Table.from_pylist(rows, schema=table.schema)
            case _:
                row = chance.randrange(max(len(rows), 1))
                rows[row] = _damage_dict(rows[row], chance, rows)
                table = pa.Table.from_pylist(rows)
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
    except (pa.ArrowException, ValueError, TypeError, OverflowError, LookupError, OSError):
        return damage_bytes(data, chance)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def damage_text(
    data: bytes, chance: random.Random, *, words: Sequence[bytes], seeds: Sequence[bytes] = ()
) -> bytes:
    """Change a text by its words, with words that mean something to its reader.

    Args:
        data: The text.
        chance: What to do.
        words: What to put in.
        seeds: Other texts, pieces of which may be put in.
    """
    tokens = _tokens(data)
    place, end = sorted(chance.randint(0, len(tokens)) for _ in range(2))
    match chance.randint(0, 9):
        case 0:
            return damage_bytes(data, chance)
        case 1:
            tokens = tokens[:place] + tokens[end:]
        case 2:
            tokens = tokens[:end] + tokens[place:end] + tokens[end:]
        case 3 if seeds:
            other = _tokens(chance.choice(seeds))
            first, last = sorted(chance.randint(0, len(other)) for _ in range(2))
            tokens = tokens[:place] + other[first:last] + tokens[place:]
        case 4 | 5 | 6:
            tokens = [*tokens[:place], chance.choice(words), *tokens[place + 1 :]]
        case _:
            tokens = [*tokens[:place], chance.choice(words), *tokens[place:]]
    return b"".join(tokens)[:_LONGEST]


def _tokens(data: bytes) -> list[bytes]:
    """Return words, and all that stands between them, byte by byte."""
    found: list[bytes] = []
    is_word = False
    for place in range(len(data)):
        byte = data[place : place + 1]
        if is_word and (byte.isalnum() or byte == b"_"):
            found[-1] += byte
        else:
            found.append(byte)
        is_word = byte.isalnum() or byte == b"_"
    return found
