"""An independent reader of AnnotatedPairs and of the older table; it is not inverse-cai's code.

Written from inverse-cai 0.4.8, ``data/loader/standard.py``: of a document it learns what the
default annotator prefers, which must be one of the two in every comparison; a table it reads by
`pandas.read_csv`, for which a cell such as ``None`` or ``NA`` holds no text.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from prefdata.testing.trainers._rows import Case, Messages, Read, Row, messages, said

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CASES", "read", "read_all"]

_MISSING = {"", "NA", "N/A", "NULL", "NaN", "None", "n/a", "nan", "null", "<NA>", "#N/A", "-nan"}
_REASONS = {None, "both", "neither", "not_applicable", "invalid"}


def read(folder: Path) -> list[Read]:
    """Read what the default annotator prefers, of documents and tables.

    Raises:
        ValueError: If inverse-cai would stop at a comparison or lose a text.
    """
    found = [
        _of_default(row, document["metadata"]["default_annotator"])
        for document, row in _comparisons(folder)
    ]
    for path in sorted(folder.glob("[!.]*.csv")):
        lines = csv.DictReader(io.StringIO(path.read_bytes().decode(), newline=""), strict=True)
        rows = enumerate(lines, start=1)
        found += [_of_table(Row(path.stem, f"{path.name} row {i}", values)) for i, values in rows]
    return found


def read_all(folder: Path) -> list[tuple[str, Read | None]]:
    """Read what each annotator says of each comparison of the documents: a pair, or a tie.

    Raises:
        ValueError: If an annotation is not of the format.
    """
    found: list[tuple[str, Read | None]] = []
    for document, row in _comparisons(folder):
        for name, annotation in row.values["annotations"].items():
            row.check(name in document["annotators"], "the head defines each annotator")
            reason = annotation.get("no_pref_reason")
            row.check(reason in _REASONS, "a reason for no preference is known")
            pref = annotation["pref"]
            row.check(pref in {"a", "b", None}, "a preference is a, b or none")
            found.append((name, None if pref is None else _pair(row, pref)))
    return found


def _comparisons(folder: Path) -> list[tuple[dict[str, Any], Row]]:
    found = []
    for path in sorted(folder.glob("[!.]*.json")):
        document = json.loads(path.read_text("utf-8"))
        ids = [one["id"] for one in document["comparisons"]]
        if document["metadata"]["version"] != "2.0" or len(set(ids)) < len(ids):
            message = f"{path.name}: version 2.0, and each id once"
            raise ValueError(message)
        found += [
            (document, Row(path.stem, f"{path.name} comparison {one['id']}", one))
            for one in document["comparisons"]
        ]
    return found


def _of_default(row: Row, default: str) -> Read:
    pref = row.values["annotations"].get(default, {}).get("pref")
    row.check(pref in {"a", "b"}, "the default annotator prefers one of the two")
    return _pair(row, pref)


def _pair(row: Row, pref: str) -> Read:
    sides = {side: _response(row, side) for side in "ab"}
    other = "b" if pref == "a" else "a"
    prompt = row.values["prompt"]
    return Read(row.split, prompt=_prompt(row, prompt), chosen=sides[pref], rejected=sides[other])


def _prompt(row: Row, prompt: object) -> Messages:
    if prompt is None:
        return ()
    if isinstance(prompt, str):
        return said("user", prompt)
    return messages(row, prompt, "prompt", ("system", "user", "assistant", "tool"))


def _response(row: Row, side: str) -> Messages:
    return said("assistant", Row(row.split, row.place, row.values[f"response_{side}"]).text("text"))


def _of_table(row: Row) -> Read:
    texts = {side: row.text(f"text_{side}") for side in "ab"}
    row.check(not _MISSING & {*texts.values()}, "pandas finds both texts")
    preferred = row.text("preferred_text")
    row.check(preferred in {"text_a", "text_b"}, "one of the texts is preferred")
    pref = preferred[-1]
    other = "b" if pref == "a" else "a"
    return Read(
        row.split,
        prompt=said("user", row.text("input")),
        chosen=said("assistant", texts[pref]),
        rejected=said("assistant", texts[other]),
    )


def _as_text(read: Read) -> Read:
    """Return it with a prompt of one text, which is all that a cell holds."""
    turns = read.prompt or ()
    if len(turns) == 1 and turns[0].role == "user":
        return read
    text = "\n\n".join(f"{turn.role}: {turn.content}" for turn in turns)
    return replace(read, prompt=said("user", text))


CASES = (
    Case("annotated-pairs", "json", {"prompts": "messages"}, read),
    Case("annotated-pairs", "csv", {"file": "csv"}, read, keeps=_as_text),
)
