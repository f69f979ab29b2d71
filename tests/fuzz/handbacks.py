"""Answers that come back from annotation tools: files that other programs and people wrote."""

from __future__ import annotations

import functools
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.errors import DataError, UserError
from prefdata.protocols import ANSWERS
from prefdata.registry import names, plugin
from prefdata.testing.annotators import SHAPES, ScriptedVote, answer_as
from prefdata.testing.handoffs import example_tasks
from tests.fuzz.damage import damage_csv, damage_json, damage_parquet
from tests.fuzz.targets import Broken, Target

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from prefdata.protocols import Handoff

__all__ = ["family"]

_MAIL = re.compile(r"[\w.]+@[\w-]+\.\w+")
_TASKS = 3
_MOST = 2
_PARQUET = b"PAR1"
_PROMISE = (
    "a DataError that names the file, or rows of ANSWERS: each has an id and a status, a choice "
    "stands in submitted ones alone, and no address of a person is left"
)


def family() -> Iterator[Target]:
    """Yield a target for each annotation tool."""
    for name in names("handoff"):
        yield Target(
            name=f"handoff-{name}",
            open=functools.partial(_open, plugin("handoff", name)),
            seeds=_exports(name),
            damage=_damage,
            guided=("prefdata.handoffs",),
            promise=_PROMISE,
        )


@functools.cache
def _exports(name: str) -> tuple[bytes, ...]:
    """Return what a tool exports, in each of its shapes."""
    handoff: Handoff = plugin("handoff", name)
    # The first texts; those for the contract are long on purpose.
    tasks = example_tasks().head(_TASKS)
    params = handoff.params()
    found = []
    for shape in SHAPES.get(name, ()):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            handoff.write(tasks, place, params)
            votes = [
                ScriptedVote(comparison_id=one, annotator=who)
                for one in tasks["comparison_id"]
                for who in ("ann", "bob")
            ]
            found.append(answer_as(name, place, votes, shape=shape).read_bytes())
    return tuple(found)


def _damage(data: bytes, chance: random.Random) -> bytes:
    if data.startswith(_PARQUET):
        return damage_parquet(data, chance)
    first = data.lstrip()[:1]
    return (damage_json if first in (b"{", b"[") else damage_csv)(data, chance)


def _open(handoff: Handoff, folder: Path) -> Callable[[bytes], None]:
    params = handoff.params()
    path = folder / "answers"

    def run(data: bytes) -> None:
        path.write_bytes(data)
        is_answered = handoff.is_answered(path)
        try:
            rows = handoff.read([path], params)
        except (DataError, UserError) as error:
            if path.name not in str(error) or not error.fix:
                message = f"the error does not say which file, or what to do: {error}"
                raise Broken(message) from error
            return
        _check(rows, is_answered=is_answered)

    return run


def _check(rows: pl.DataFrame, *, is_answered: bool) -> None:
    faults = {
        "other columns": dict(rows.schema) != dict(ANSWERS),
        "rows, where nothing is answered": is_answered is None,
        "an answer has no id": rows["answer_id"].null_count() > 0,
        "an answer has no status": rows["status"].null_count() > 0,
        "a choice of what was not submitted": bool(
            rows.filter(pl.col("status") != "submitted")["choice"].is_not_null().any()
        ),
        "no such choice": bool((rows["choice"].abs() > _MOST).any()),
        "an unreadable answer does not say why": bool(
            rows.filter(pl.col("status") == "unreadable")["detail"].is_null().any()
        ),
        "an address is left": any(
            _MAIL.search(text) for text in rows["annotator"].drop_nulls().to_list()
        ),
    }
    if broken := [fault for fault, is_there in faults.items() if is_there]:
        raise Broken("; ".join(broken))
