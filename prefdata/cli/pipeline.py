"""Commands around recipes: run, plan, stage, recipe."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prefdata.cli import _output, plugins
from prefdata.cli._options import Engine, Json, MaxRejects, Overrides, Workspace
from prefdata.cli._progress import reporter
from prefdata.cli.export import show_export

if TYPE_CHECKING:
    from prefdata.catalog import Catalog
    from prefdata.chat.estimate import EstimateLine
    from prefdata.runner import RunResult

__all__ = ["register", "show_decisions", "show_steps"]

recipe_app = typer.Typer(help="Recipes that ship with prefdata.", no_args_is_help=True)
_Recipe = Annotated[
    str, typer.Argument(help="A YAML file, or the name of a shipped recipe such as `clean`.")
]


def register(app: typer.Typer) -> None:
    """Add the commands, and those that show what recipes are made of."""
    app.command("plan")(plan)
    app.command("run")(run)
    plugins.register(app)
    app.add_typer(recipe_app, name="recipe")


def plan(
    recipe: _Recipe,
    workspace: Workspace = None,
    settings: Overrides = None,
    *,
    with_price: Annotated[
        bool,
        typer.Option(
            "--price",
            help="Show what it would ask chat models, and what that would cost; nothing is sent.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the steps of a recipe and what of it is already done, without running it."""
    import prefdata as pf

    if with_price:
        _show_price(recipe, workspace, settings, as_json=as_json)
        return
    steps = pf.plan(recipe, workspace=workspace, overrides=settings or [])
    _output.rows(
        [
            {
                "step": step.step,
                "source": step.source,
                "rows": step.rows,
                "status": step.status,
                "fingerprint": (step.fingerprint or "")[:12] or None,
            }
            for step in steps
        ],
        as_json=as_json,
    )


def _show_price(
    recipe: str, workspace: Path | None, settings: list[str] | None, *, as_json: bool
) -> None:
    import prefdata as pf

    with reporter(as_json=False) as report:
        lines = pf.price(recipe, workspace=workspace, overrides=settings or [], report=report)
    if as_json:
        _output.json_lines([asdict(line) for line in lines])
        return
    if not lines:
        _output.line("no request to a chat model")
        return
    for of in dict.fromkeys((line.step, line.model, line.server) for line in lines):
        own = [line for line in lines if (line.step, line.model, line.server) == of]
        _output.heading(f"{own[0].step}: {own[0].model}")
        _output.table(
            ["purpose", "to send", "known", "tokens in", "tokens out", "cost"],
            [
                [
                    line.purpose + ("" if line.calibrated_by else " *"),
                    line.n_requests - line.n_known,
                    line.n_known,
                    line.prompt_tokens,
                    line.completion_tokens,
                    None if line.cost is None else f"{line.cost:,.4f} {line.currency}",
                ]
                for line in own
            ],
        )
        if told := _beyond_budget(own):
            _output.line(told)
    for currency in sorted({line.currency for line in lines if line.currency}):
        total = sum(line.cost or 0.0 for line in lines if line.currency == currency)
        _output.line(f"in all: {total:,.4f} {currency}")
    if any(line.cost is None and line.n_requests > line.n_known for line in lines):
        _output.line("without a price, tokens alone: add `price: {input: ..., output: ...}`")
    if any(not line.calibrated_by for line in lines if line.n_requests > line.n_known):
        _output.line("* lengths are guessed; run a pilot with a small `limit`, and ask again")


def _beyond_budget(lines: list[EstimateLine]) -> str | None:
    """Return what to tell where lines of one step and model cost more than its budget allows."""
    to_send = [line for line in lines if line.budget is not None and line.n_requests > line.n_known]
    if not to_send:
        return None
    # All purposes spend from one budget, and each line tells what was spent from it.
    budget, spent = min(line.budget or 0.0 for line in to_send), max(line.spent for line in to_send)
    if spent + sum(line.cost or 0.0 for line in lines) <= budget:
        return None
    currency = to_send[0].currency
    told = f"beyond its budget of {budget:g} {currency}: the run would stop"
    return told + (f"; {spent:,.4f} {currency} were spent before" if spent else "")


def run(
    recipe: _Recipe,
    workspace: Workspace = None,
    settings: Overrides = None,
    max_rejects: MaxRejects = None,
    engine: Engine = "local",
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Run every step although its result is known.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run a recipe on the newest snapshot and commit the result."""
    import prefdata as pf

    with reporter(as_json=as_json) as report:
        result = pf.run(
            recipe,
            workspace=workspace,
            overrides=settings or [],
            max_rejects=max_rejects,
            is_forced=force,
            engine=engine,
            report=report,
        )
    if as_json:
        return
    show_steps(result)
    show_decisions(pf.open(workspace), result)
    _show_warnings(result)
    for item in result.exports:
        show_export(item)
    for made in result.reports:
        _output.line(f"report {made.report} in {made.folder}")
    _output.line(f"snapshot {result.snapshot.name[:12]} (#{result.snapshot.number})")


def show_steps(result: RunResult) -> None:
    """Show what each step did, and why rows were rejected."""
    _output.table(
        ["step", "source", "in", "out", "rejected because"],
        [
            [
                step.step + (" (cached)" if step.is_cached else ""),
                step.source,
                step.rows_in,
                step.rows_out,
                ", ".join(f"{rule} {n:,}" for rule, n in step.reasons.items()) or None,
            ]
            for step in result.steps
        ],
    )


def _show_warnings(result: RunResult) -> None:
    """Show once more, at the end, what must not be missed among the progress of many steps."""
    for step in result.steps:
        for note in step.notes:
            if note.startswith("WARNING"):
                _output.line(f"{step.step}, {step.source}: {note}")


def show_decisions(catalog: Catalog, result: RunResult) -> None:
    """Show how many pairs the steps that select kept, and why others are out."""
    from prefdata.runner import decisions

    for step, counts in decisions(catalog, result).items():
        kept = counts.pop(None, 0)
        _output.line(f"{step}: {kept:,} of {kept + sum(counts.values()):,} pairs kept")
        for reason, count in counts.items():
            _output.line(f"  left out, {reason}: {count:,}")


@recipe_app.command("list")
def recipe_list(*, as_json: Json = False) -> None:
    """List the recipes that ship with prefdata."""
    from prefdata.recipes import load_recipe, shipped_recipes

    _output.rows(
        [
            {
                "recipe": name,
                "steps": len(load_recipe(path).steps),
                "what": load_recipe(path).description,
            }
            for name, path in shipped_recipes().items()
        ],
        as_json=as_json,
    )


@recipe_app.command("show")
def recipe_show(name: Annotated[str, typer.Argument(help="Name of a shipped recipe.")]) -> None:
    """Print a recipe, to start one of your own from it."""
    from prefdata.recipes import find_recipe

    _output.line(find_recipe(name).read_text().rstrip())


@recipe_app.command("schema")
def recipe_schema() -> None:
    """Print the JSON Schema of recipes, for editors."""
    from prefdata.recipes import recipe_json_schema

    _output.line(json.dumps(recipe_json_schema(), indent=2))
