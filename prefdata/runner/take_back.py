"""Take answers back from annotation tools, and see how far each batch is.

Files of answers are copied into the workspace under a name that their content decides, so the same
file is there once. Everything else follows from the files that are there: a command that was
killed is run again, with the same files or with none.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.annotation.answers import classify, masked, read_folder, recognise, spelt
from prefdata.annotation.ledger import Ledger
from prefdata.annotation.progress import BatchStatus, batches
from prefdata.annotation.settling import outcomes
from prefdata.annotation.tasks import FOLDER
from prefdata.annotation.told import Told, write_told
from prefdata.core.errors import SetupError, UserError
from prefdata.core.events import Report, silent
from prefdata.core.fingerprint import ID_HEX_DIGITS, file_digest
from prefdata.recipes import Recipe
from prefdata.registry import names, plugin
from prefdata.runner.lineage import last_params
from prefdata.runner.run import RunResult, run
from prefdata.runner.units import checked_params

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prefdata.catalog import Catalog
    from prefdata.protocols.handoffs import Handoff

__all__ = ["TakeBackResult", "label_status", "take_back"]

_STAGE = "import-labels"
_DIGEST_DIGITS = ID_HEX_DIGITS // 2


@dataclass(frozen=True, slots=True)
class TakeBackResult:
    """What came back."""

    run: RunResult
    files: tuple[str, ...]
    """Names of the files of answers, in the workspace folder ``handoffs``."""
    n_known: int
    """How many of these had been taken back before."""
    n_answers: int
    """Answers in these files."""
    n_judgments: int
    """How many of them are judgments now."""
    rejected: dict[str, int]
    """The others by rule."""
    settled: dict[str, int]
    """Events of the ledger that became ``done``, ``failed`` and ``refunded`` by this."""


def take_back(
    catalog: Catalog,
    files: Sequence[Path],
    *,
    tool: str | None = None,
    step: str = _STAGE,
    experts: Sequence[str] = (),
    params: dict[str, Any] | None = None,
    report: Report = silent,
) -> TakeBackResult:
    """Copy files of answers into the workspace, import them, and settle the ledger.

    The step `import-labels` runs over all that ever came back, with the parameters of its last
    run, so judgments that somebody changed are replaced. Experts and parameters are written beside
    the copies, where any later run finds them.

    Args:
        catalog: The catalog.
        files: Files of answers; none to import again what is there.
        tool: The tool they come from; each is recognised when None.
        step: Name of the step, as in the recipe that reads its judgments.
        experts: Annotators, as the tool names them, who are experts.
        params: Parameters of the tool for reading these files.
        report: Where to tell progress.

    Raises:
        UnknownNameError: If there is no such tool.
        UserError: If a file is not there, or of no tool or of several.
        DataError: If a file is damaged; then none is copied.
        SetupError: If a file cannot be copied.
    """
    if tool is not None:
        plugin("handoff", tool)
    settings = _last_params(catalog, step)
    # Addresses are kept nowhere.
    given = {k: masked(v) if isinstance(v, str) else v for k, v in (params or {}).items()}
    told = Told(experts=tuple(sorted(map(spelt, experts))), params=given)
    named = [_name(path, tool) for path in files]
    for path, (found, _) in zip(files, named, strict=True):
        _try(found, path, settings.get("settings", {}).get(found, {}) | given)
    own_names = list(dict.fromkeys(name for _, name in named))
    n_known = 0
    for path, (_, name) in zip(files, named, strict=True):
        n_known += _copy(catalog, path, name, told)
    recipe = Recipe.model_validate(
        {"name": step, "steps": [{"stage": _STAGE, "name": step, "params": settings}]}
    )
    done = run(catalog, recipe, report=report)
    _, read = _read(catalog, step, settings)
    settled = Ledger(catalog).settle(outcomes(read))
    own = read.filter(pl.col("file").is_in([f"{FOLDER}/{name}" for name in own_names]))
    rules = own["rule"].drop_nulls().value_counts().sort("rule")
    return TakeBackResult(
        run=done,
        files=tuple(own_names),
        n_known=n_known,
        n_answers=own.height,
        n_judgments=own["rule"].null_count(),
        rejected=dict(rules.iter_rows()),
        settled=settled,
    )


def _last_params(catalog: Catalog, step: str) -> dict[str, Any]:
    is_of_step = pl.col("step").str.starts_with(f"{step}/")
    return last_params(catalog, (pl.col("stage") == _STAGE) & is_of_step)


def _name(path: Path, tool: str | None) -> tuple[str, str]:
    """Return the tool of a file of answers, and its name in the workspace."""
    if not path.is_file():
        raise UserError("There is no such file.", where=str(path), fix="Correct the path.")
    found = tool or recognise(path)
    if found is None:
        raise UserError(
            "No tool knows this file as answers.",
            where=str(path),
            fix=f"Name the tool with --as: {', '.join(names('handoff'))}.",
        )
    return found, f"{found}-{file_digest(path)[:_DIGEST_DIGITS]}{path.suffix.lower()}"


def _try(tool: str, path: Path, given: dict[str, Any]) -> None:
    """Read a file before it is copied: a damaged one would stand in the way of later imports."""
    handoff: Handoff = plugin("handoff", tool)
    handoff.read([path], checked_params(handoff.params, given, where=f"answers of {tool!r}"))


def _copy(catalog: Catalog, path: Path, name: str, told: Told) -> bool:
    """Copy a file into the workspace, after what was told with it; return whether it was there."""
    folder = catalog.workspace.root / FOLDER
    part = folder / f".{name}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_told(told, folder / name)
        if (folder / name).exists():
            return True
        folder.mkdir(parents=True, exist_ok=True)
        part.write_bytes(path.read_bytes())
        part.replace(folder / name)
    except OSError as error:
        raise SetupError(
            f"The file cannot be copied into the workspace: {error.strerror}.",
            where=str(folder / name),
            fix="Make room there, or correct its permissions; then run the same command again.",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return False


def _read(
    catalog: Catalog, step: str, settings: dict[str, Any]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return all tasks, and all answers that ever came back, held against these."""
    place = catalog.workspace.root / FOLDER
    paths = sorted(place.iterdir()) if place.is_dir() else []
    files = {f"{FOLDER}/{p.name}": p for p in paths if p.is_file() and p.name[0] != "."}
    tasks, answers, _ = read_folder(files, settings.get("settings", {}), tool=settings.get("tool"))
    sides = pl.concat([tasks["response_a_id"], tasks["response_b_id"]]).unique().to_list()
    responses = catalog.scan("responses").filter(pl.col("response_id").is_in(sides))
    known = responses.select("response_id", "prompt_id").collect()
    return tasks, classify(answers, tasks, known, step=step)


def label_status(catalog: Catalog, *, step: str = _STAGE) -> list[BatchStatus]:
    """Return how far each batch of each plan is, from the files that are there.

    Args:
        catalog: The catalog.
        step: Name of the step that imports, whose parameters are taken.
    """
    settings = _last_params(catalog, step)
    tasks, read = _read(catalog, step, settings)
    money = Ledger(catalog).balance(None, "batch", "tool")
    planned = catalog.scan("routes").filter(pl.col("n_votes") > 0)
    wanted = planned.select("plan_id", "batch", "n_votes", "cost", "currency").collect()
    return batches(tasks, read, money, wanted)
