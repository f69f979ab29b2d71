"""Damage raw files the way the world does: wrong types, lost keys, cut lines, odd bytes."""

from __future__ import annotations

import copy
import csv
import io
import json
import random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["mutate"]

_ODD: tuple[Any, ...] = (
    None,
    "",
    " ",
    "None",
    "N/A",
    "\u0000",
    "\ud83d\ude00",
    -1,
    0,
    2**53 + 1,
    2**63,
    2**80,
    1e308,
    0.5,
    float("nan"),
    float("inf"),
    True,
    [],
    {},
    [[]],
    [None],
    {"a": {"b": []}},
    ["x", 1],
    "x" * 3000,
)


def mutate(name: str, data: bytes, *, seed: int, copies: int = 12) -> tuple[bytes, int]:
    """Damage most rows of a file.

    Args:
        name: Its name; the ending tells the format (jsonl, json, csv, parquet).
        data: Its bytes.
        seed: Seed of the damage.
        copies: How often the rows are repeated, each time damaged differently.

    Returns:
        The damaged bytes, and the number of damaged rows.
    """
    chance = random.Random(seed)  # noqa: S311 - damage, not secrets
    if name.endswith(".csv"):
        return _mutate_csv(data, chance, copies)
    if name.endswith(".parquet"):
        return _mutate_parquet(data, chance, copies)
    if name.endswith((".jsonl", ".json")):
        return _mutate_json(data, chance, copies)
    return _mutate_bytes(data, chance), max(1, data.count(b"\n"))


def _rows(data: bytes) -> list[Any]:
    text = data.decode()
    if text.lstrip().startswith("["):
        return list(json.loads(text))
    try:
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except ValueError:
        return [json.loads(text)]


def _mutate_json(data: bytes, chance: random.Random, copies: int) -> tuple[bytes, int]:
    lines: list[bytes] = []
    # Good rows come first: a file without any is another file, not a damaged one.
    good = _rows(data)
    lines += [json.dumps(row).encode() for row in good]
    for _ in range(copies):
        for row in good:
            damaged = json.loads(json.dumps(row))
            for _ in range(chance.randint(1, 3)):
                damaged = _damage_value(damaged, chance)
            lines.append(_damage_line(json.dumps(damaged).encode(), chance))
    ending = chance.choice([b"\n", b"\r\n", b"\n\n"])
    start = b"\xef\xbb\xbf" if chance.random() < 0.1 else b""  # noqa: PLR2004
    return start + ending.join(lines) + chance.choice([b"", b"\n"]), copies * len(good)


def _damage_value(value: Any, chance: random.Random) -> Any:
    """Change one place somewhere inside a JSON value."""
    if isinstance(value, dict) and value and chance.random() < 0.9:  # noqa: PLR2004
        key = chance.choice(list(value))
        match chance.randint(0, 5):
            case 0:
                del value[key]
            case 1:
                value[f"{key}_x"] = value.pop(key)
            case 2:
                value["unknown"] = copy.deepcopy(chance.choice(_ODD))
            case _:
                value[key] = _damage_value(value[key], chance)
        return value
    if isinstance(value, list) and value and chance.random() < 0.7:  # noqa: PLR2004
        place = chance.randrange(len(value))
        match chance.randint(0, 3):
            case 0:
                del value[place]
            case 1:
                value.insert(place, copy.deepcopy(value[place]))
            case _:
                value[place] = _damage_value(value[place], chance)
        return value
    return copy.deepcopy(chance.choice(_ODD))


def _damage_line(line: bytes, chance: random.Random) -> bytes:
    match chance.randint(0, 11):
        case 0:
            return line[: chance.randrange(1, max(2, len(line)))]
        case 1:
            place = chance.randrange(len(line))
            return line[:place] + bytes([chance.randrange(128, 256)]) + line[place + 1 :]
        case 2:
            return line.replace(b"\\u", b"\\ud800\\u", 1)
        case 3:
            return b"[" + line + b"]"
        case 4:
            return line + line
        case _:
            return line


def _mutate_csv(data: bytes, chance: random.Random, copies: int) -> tuple[bytes, int]:
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    header, body = rows[0], rows[1:]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=chance.choice(["\n", "\r\n"]))
    writer.writerow(header)
    writer.writerows(body)
    for _ in range(copies):
        for row in body:
            damaged = list(row)
            for _ in range(chance.randint(1, 4)):
                damaged[chance.randrange(len(damaged))] = str(chance.choice(_ODD))
            match chance.randint(0, 9):
                case 0:
                    damaged.pop()
                case 1:
                    damaged.append("more")
                case _:
                    chance.random()
            writer.writerow(damaged)
    text = out.getvalue().encode(errors="replace")
    return text[: -chance.randint(1, 40)] if chance.random() < 0.1 else text, copies * len(body)  # noqa: PLR2004


def _mutate_parquet(data: bytes, chance: random.Random, copies: int) -> tuple[bytes, int]:
    table = pq.read_table(pa.BufferReader(data))
    names = list(table.schema.names)
    match chance.randint(0, 4):
        case 0:
            name = chance.choice(names)
            table = table.drop_columns([name])
        case 1:
            name = chance.choice(names)
            table = table.rename_columns([f"{n}_x" if n == name else n for n in names])
        case 2:
            return _mutate_bytes(data, chance), table.num_rows
        case _:
            table = pa.concat_tables([table] * copies)
            place = chance.randrange(len(names))
            column = table.column(place)
            odd = [v if chance.random() < 0.5 else None for v in column.to_pylist()]  # noqa: PLR2004
            field = table.schema.field(place).with_nullable(nullable=True)
            table = table.set_column(place, field, pa.array(odd, column.type))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes(), table.num_rows


def _mutate_bytes(data: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged[: chance.randint(len(damaged) // 2, len(damaged))])
