"""What every exporter promises, checked on pairs of awkward words.

from prefdata.testing.exports import assert_exporter_contract

def test_my_format(tmp_path):
    assert_exporter_contract(my_format, tmp_path)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.protocols import MORE_COLUMNS
from prefdata.tables.messages import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prefdata.protocols import Exporter, Params

__all__ = ["AWKWARD", "assert_exporter_contract", "example_pairs", "given_to", "pairs_of"]

AWKWARD = (
    'Say "so"\\n\tand {braces} %s',
    "lines\u2028and\u0085more\r\nof them",
    " blanks around \n",
    "\x1c",
    "user",
    "<|im_end|>",
    "Human: q\n\nAssistant: a",
    "null",
    "- a: b # c",
    "漢字 é 🙂",
    "long " * 200,
)
"""Words that have a meaning in some format, or end a line in some reader."""

_TEXT: dict[str, pl.DataType] = dict.fromkeys(
    (
        *("pair_id", "source", "subset", "prompt_id", "margin_unit", "strength", "aspect"),
        *("annotator_id", "chosen_model", "rejected_model", "language", "split", *MORE_COLUMNS),
    ),
    pl.String(),
)
_COLUMNS: dict[str, Any] = {
    **_TEXT,
    "prompt": MESSAGES,
    "chosen": MESSAGES,
    "rejected": MESSAGES,
    "margin": pl.Float64(),
    "n_votes": pl.Int32(),
    "chosen_score": pl.Float64(),
    "rejected_score": pl.Float64(),
}
_RATIONALE: dict[str, Any] = {
    **dict.fromkeys(("rationale_id", "kind", "origin", "scope", "status", "text", "language")),
    **dict.fromkeys(("about", "preferred", "verdict", "aspect", "generator")),
    "text": "X says why; Y does not.",
    "kind": "specific",
    "origin": "given",
    "about": "both",
    "rationale_id": "r",
    "scope": "pair",
    "status": "ok",
    "preferred": "x",
    "aspects": ["overall"],
    "attempt": 1,
    "is_passed": True,
    "is_kept": True,
    "failed": ["no"],
}
_ROLES = (["user"], ["system", "user"], ["user", "assistant", "user"], ["user", "user"])
_SPLITS = ("train", "test", "train", None)


def pairs_of(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Return pairs with all columns that an exporter may ask for.

    Args:
        rows: What is said of each pair, by column: at least prompt, chosen and rejected.
    """
    whole = [
        {
            "pair_id": f"{number:032x}",
            "source": "toy",
            "prompt_id": f"{number % 5:032x}",
            "aspect": "overall",
            "chosen_id": f"a{number}",
            "rejected_id": f"b{number}",
            **row,
        }
        for number, row in enumerate(rows)
    ]
    filled = [{name: row.get(name) for name in _COLUMNS} for row in whole]
    return pl.DataFrame(filled, schema=_COLUMNS, orient="row")


def example_pairs() -> pl.DataFrame:
    """Return pairs that most formats can hold, of one and more turns, in splits and without one."""
    return pairs_of(
        [
            {
                "prompt": [
                    {"role": role, "content": f"q{number} {text}"} for role in _ROLES[number % 4]
                ],
                "chosen": [{"role": "assistant", "content": f"{text} good"}],
                "rejected": [{"role": "assistant", "content": f"{text} bad"}],
                "split": _SPLITS[number % 4],
                "margin": float(number % 3),
                "chosen_score": 3.0,
            }
            for number, text in enumerate(AWKWARD)
        ]
    )


def given_to(exporter: Exporter, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return what an export gives this exporter of these pairs: its columns, fit or not."""
    given = pairs.drop([name for name in MORE_COLUMNS if name not in exporter.more])
    if exporter.rationales != "needed":
        return given
    kind = pl.Series([[_RATIONALE]]).dtype
    return given.with_columns(pl.Series("rationales", [[_RATIONALE]] * pairs.height, dtype=kind))


def assert_exporter_contract(
    exporter: Exporter, folder: Path, params: Params | None = None
) -> None:
    """Check what every exporter promises.

    It says what it is and what its parameters mean; names for each pair a reason or none; writes
    the same bytes whether pairs come at once or a few at a time; names all files that it wrote and
    no other; and takes no pairs for no error.

    Args:
        exporter: The exporter.
        folder: An empty folder to work in.
        params: With what; its defaults when None.

    Raises:
        AssertionError: If a promise is broken; the message says which.
    """
    settings = params if params is not None else exporter.params()
    _assert_told(exporter)
    pairs = given_to(exporter, example_pairs())
    fitting = pairs.filter(_reasons(exporter, settings, pairs).is_null())
    assert fitting.height, "the format holds none of `example_pairs()`"
    whole = _written(exporter, settings, [fitting], folder / "whole")
    assert whole or exporter.rationales == "needed", "pairs came in, and no file came out"
    for size in (3, 1):
        pieces = _written(exporter, settings, fitting.iter_slices(size), folder / f"by-{size}")
        assert pieces == whole, f"pairs that come {size} at a time give other files"
    none = pairs.clear()
    assert _reasons(exporter, settings, none).is_empty()
    _written(exporter, settings, [none], folder / "no-pairs")
    _written(exporter, settings, [], folder / "no-frames")


def _assert_told(exporter: Exporter) -> None:
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", exporter.name), f"name {exporter.name!r}"
    assert exporter.summary, "the function has no docstring, and so no summary"
    unknown = set(exporter.more) - set(MORE_COLUMNS)
    assert not unknown, f"`more` names columns that there are not: {sorted(unknown)}"
    for name, field in exporter.params.model_fields.items():
        assert field.description, f"the parameter {name} is not explained"
        assert not field.is_required(), f"the parameter {name} has no default"


def _reasons(exporter: Exporter, params: Params, pairs: pl.DataFrame) -> pl.Series:
    if exporter.unfit is None:
        return pl.Series("reason", [None] * pairs.height, dtype=pl.String)
    reasons = exporter.unfit(pairs, params)
    assert len(reasons) == pairs.height, "`unfit` does not answer for each pair"
    assert reasons.dtype in {pl.String, pl.Null}, f"`unfit` answers with {reasons.dtype}"
    return reasons


def _written(exporter: Exporter, params: Params, frames: Any, folder: Path) -> dict[str, bytes]:
    """Write frames into a new folder, and return its files."""
    folder.mkdir(parents=True)
    paths = list(exporter.write(iter(frames), folder, params))
    assert paths == sorted(set(paths)), "the files are not named once each, in order"
    there = {path for path in folder.rglob("*") if path.is_file()}
    assert there == set(paths), f"other files than it names: {sorted(there ^ set(paths))}"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
