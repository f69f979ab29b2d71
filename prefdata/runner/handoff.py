"""Hand a batch of a plan off to an annotation tool.

What is promised is reserved before any file is written, and the record of the tasks is written
last. Killed in between, the same command finds what is reserved and writes the same files; a batch
counts as handed off when its record is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.annotation.ledger import Ledger, Reserved
from prefdata.annotation.tasks import FOLDER, make_tasks, tasks_name, write_tasks
from prefdata.core.errors import UnknownNameError, UserError
from prefdata.registry import plugin
from prefdata.runner.folders import prepare_folder, refuse_foreign
from prefdata.runner.lineage import last_params
from prefdata.runner.units import checked_params

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog
    from prefdata.protocols import Params
    from prefdata.protocols.handoffs import Handoff

__all__ = ["Closed", "HandoffResult", "close_batch", "hand_off"]

_SHOWN_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Closed:
    """A batch that nothing more is awaited of."""

    plan_id: str
    batch: int
    n_votes: int
    """Judgments that were given up."""
    cost: float
    """What had been reserved for them, in `currency`."""
    currency: str


@dataclass(frozen=True, slots=True)
class HandoffResult:
    """What was handed off, or would be."""

    tool: str
    plan_id: str
    batch: int
    n_tasks: int
    n_votes: int
    """Judgments that are asked for."""
    cost: float
    currency: str | None
    n_waiting: int
    """Judgments of the batch that are out under earlier plans, and not asked for again."""
    spent: float
    """What the sources of the batch had cost before, over all plans."""
    promised: float
    """What was reserved for them before and is still out."""
    budget: float | None
    is_again: bool
    """The batch was reserved before: nothing was reserved now."""
    is_dry: bool
    folder: Path
    digests: dict[str, str]
    """File name to SHA-256; empty when nothing was written."""


def hand_off(  # noqa: PLR0913 - the options of the command
    catalog: Catalog,
    tool: str,
    *,
    step: str = "route",
    source: str | None = None,
    batch: int | None = None,
    to: Path | None = None,
    params: dict[str, Any] | None = None,
    budget: float | None = None,
    is_dry: bool = False,
) -> HandoffResult:
    """Reserve the judgments of one batch of a plan, and write its tasks for a tool.

    Args:
        catalog: The catalog.
        tool: Name of the tool, such as ``label-studio``.
        step: The step that planned.
        source: The source whose plan is meant, where the step made several plans.
        batch: Number of the batch; the first that was not handed off yet when None.
        to: Folder to write; ``handoffs/<plan>-b<batch>-<tool>`` in the workspace when None.
        params: Parameters of the tool.
        budget: The most that the sources of the batch may cost over all plans, in the currency of
            the plan: paid and promised. When None, the budget that the plan was made for.
        is_dry: Write and reserve nothing; tell what it would be.

    Raises:
        UnknownNameError: If there is no such tool, step, or source.
        UserError: If there is no plan, there are several, or the batch asks nobody.
        BudgetError: If the batch would go beyond the budget.
        DataError: If texts of the plan are no longer there.
        RecipeError: If parameters do not fit, or the folder holds files of others.
    """
    handoff: Handoff = plugin("handoff", tool)
    checked = checked_params(handoff.params, params or {}, where=f"hand-off to {tool!r}")
    routes = _routes(catalog, step, source)
    plan = str(routes["plan_id"][0])
    ledger = Ledger(catalog)
    number = _open_batch(catalog, routes, ledger, tool) if batch is None else batch
    asked = routes.filter(pl.col("batch") == number)
    if budget is None:
        budget = _planned_budget(catalog, step, str(routes["source"][0]))
    if asked.is_empty():
        known = ", ".join(map(str, routes["batch"].unique().sort()))
        raise UserError(
            f"Batch {number} of the plan asks nobody.", where=step, fix=f"Batches: {known}."
        )
    root = catalog.workspace.root
    folder = to or root / FOLDER / f"{plan[:_SHOWN_DIGITS]}-b{number}-{tool}"
    refuse_foreign(folder, "handoff", where=f"hand-off to {tool!r}")
    if is_dry:
        reserved = ledger.reserve(asked, tool=tool, is_dry=True)
        return _handed(tool, plan, number, reserved, budget, folder, {}, is_dry=True)
    # Texts that are gone are told before anything is promised for them.
    make_tasks(asked, catalog.scan("prompts"), catalog.scan("responses"))
    reserved = ledger.reserve(asked, tool=tool, budget=budget)
    if not reserved.n_votes:
        raise UserError(
            f"All judgments of batch {number} are out under earlier plans.",
            where=f"{reserved.n_waiting:,} judgments",
            fix="Import what came back: prefdata annotate import FILES",
        )
    digests = _write(catalog, handoff, checked, asked, reserved, folder)
    return _handed(tool, plan, number, reserved, budget, folder, digests, is_dry=False)


def close_batch(
    catalog: Catalog, batch: int, *, step: str = "route", plan: str | None = None
) -> Closed:
    """Give up on the judgments that a batch still waits for; their money is free again.

    Args:
        catalog: The catalog.
        batch: Number of the batch.
        step: The step that planned, where no plan is named.
        plan: Beginning of the name of the plan; that of the step as it is now when None.

    Raises:
        UserError: If no batch of that number was handed off, or there are several.
    """
    events = Ledger(catalog).events().filter(pl.col("batch") == batch)
    if plan is None:
        rows = catalog.scan("routes").filter(pl.col("stage") == step).select("plan_id").unique()
        known = rows.collect()["plan_id"].to_list()
        # A plan that was made anew no longer names the one that is out.
        current = events.filter(pl.col("plan_id").is_in(known))
        events = current if current.height else events
    else:
        events = events.filter(pl.col("plan_id").str.starts_with(plan))
    plans = events["plan_id"].unique().sort().to_list()
    if len(plans) != 1:
        told = ", ".join(name[:_SHOWN_DIGITS] for name in plans)
        raise UserError(
            f"There are several batches {batch}." if plans else f"Batch {batch} is not out.",
            where=f"plans {told}" if plans else "table vote_ledger",
            fix="Name one: --plan PLAN" if plans else "See what is: prefdata annotate status",
        )
    n_votes, cost = Ledger(catalog).close(plans[0], batch)
    return Closed(plans[0], batch, n_votes, cost, events["currency"][0])


def _planned_budget(catalog: Catalog, step: str, source: str) -> float | None:
    """Return the budget of the run that made the plan; None where it had none."""
    found = last_params(catalog, pl.col("step") == f"{step}/{source}").get("budget")
    return None if found is None else float(found)


def _routes(catalog: Catalog, step: str, source: str | None) -> pl.DataFrame:
    """Return the rows of one plan that people are to judge."""
    rows = catalog.scan("routes").filter(pl.col("stage") == step).collect()
    if rows.is_empty():
        planned = catalog.scan("routes").select("stage").unique().collect()["stage"]
        if planned.is_empty():
            raise UserError(
                "Nothing is planned yet.",
                where=step,
                fix="Plan first: `prefdata run routing --set judge=MODEL --set budget=500`. If "
                "that was done, its notes say why nothing is planned.",
            )
        raise UnknownNameError("step with a plan", step, known=planned)
    sources = rows["source"].unique().sort().to_list()
    if source is not None:
        if source not in sources:
            raise UnknownNameError(f"source in the plan of {step}", source, known=sources)
        rows = rows.filter(pl.col("source") == source)
    asked = rows.filter(pl.col("n_votes") > 0)
    if asked.is_empty():
        raise UserError(
            f"The plan of {step!r} asks nobody.",
            where=", ".join(sources),
            fix="Nothing to do where people have judged all that the AI has; else raise the budget "
            "of the step, or lower what people cost.",
        )
    if asked["plan_id"].n_unique() > 1:
        raise UserError(
            f"The step {step!r} made a plan for each source.",
            where=", ".join(sources),
            fix=f"Name one: --source {sources[0]}",
        )
    return asked


def _open_batch(catalog: Catalog, routes: pl.DataFrame, ledger: Ledger, tool: str) -> int:
    """Return the first batch that has no record of its tasks and asks for anything.

    Raises:
        UserError: If there is none.
    """
    plan = str(routes["plan_id"][0])
    folder = catalog.workspace.root / FOLDER
    for number in routes["batch"].unique().sort():
        if (folder / tasks_name(plan, number)).exists():
            continue
        asked = routes.filter(pl.col("batch") == number)
        if ledger.reserve(asked, tool=tool, is_dry=True).n_votes:
            return int(number)
    raise UserError(
        "All batches of the plan are handed off.",
        where=f"plan {plan[:_SHOWN_DIGITS]}",
        fix="Import what came back, then run the recipe again: it plans the next batches. To write "
        "the files of a batch again, name it with --batch.",
    )


def _write(
    catalog: Catalog,
    handoff: Handoff,
    params: Params,
    asked: pl.DataFrame,
    reserved: Reserved,
    folder: Path,
) -> dict[str, str]:
    """Write the files of the tool, then the record of the tasks."""
    routes = asked.drop("n_votes").join(reserved.votes, on="comparison_id")
    tasks = make_tasks(routes, catalog.scan("prompts"), catalog.scan("responses"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    pending = prepare_folder(
        folder,
        "handoff",
        lambda part: handoff.write(tasks, part, params),
        note=f"{tasks.height} tasks for {handoff.name}",
        where=f"hand-off to {handoff.name!r}",
    )
    pending.publish()
    write_tasks(tasks, catalog.workspace.root / FOLDER)
    return pending.digests


def _handed(
    tool: str,
    plan: str,
    batch: int,
    reserved: Reserved,
    budget: float | None,
    folder: Path,
    digests: dict[str, str],
    *,
    is_dry: bool,
) -> HandoffResult:
    return HandoffResult(
        tool=tool,
        plan_id=plan,
        batch=batch,
        n_tasks=reserved.votes.height,
        n_votes=reserved.n_votes,
        cost=reserved.cost,
        currency=reserved.currency,
        n_waiting=reserved.n_waiting,
        spent=reserved.spent,
        promised=reserved.promised,
        budget=budget,
        is_again=not reserved.is_new,
        is_dry=is_dry,
        folder=folder,
        digests=digests,
    )
