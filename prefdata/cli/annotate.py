"""Commands around annotation tools: export tasks, import answers, close a batch, status."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prefdata.cli import _output
from prefdata.cli._options import Json, Workspace, parse_settings
from prefdata.cli._params import parameter_rows
from prefdata.cli._progress import reporter
from prefdata.core.errors import UserError

if TYPE_CHECKING:
    from prefdata.annotation.progress import BatchStatus
    from prefdata.runner.handoff import HandoffResult

__all__ = ["register"]

annotate_app = typer.Typer(help="Work for people: tasks out, answers in.", no_args_is_help=True)
_SHOWN_DIGITS = 12
_Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Parameter of the tool, as name=value; may be repeated.", show_default=False
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(annotate_app, name="annotate")


@annotate_app.command("export")
def export_tasks(  # noqa: PLR0913 - one parameter for each option
    tool: Annotated[
        str | None, typer.Option("--as", help="Name of the tool.", show_default=False)
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            help="Folder to write; handoffs/PLAN-bBATCH-TOOL in the workspace by default.",
            show_default=False,
        ),
    ] = None,
    workspace: Workspace = None,
    step: Annotated[str, typer.Option(help="Step that planned.")] = "route",
    source: Annotated[
        str | None,
        typer.Option(help="Source whose plan is meant, if there are several.", show_default=False),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            help="Number of the batch; the first that is not out by default.", show_default=False
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            help="The most that the sources of the batch may cost over all plans, paid and "
            "promised; beyond it nothing is written.",
            min=0,
            show_default=False,
        ),
    ] = None,
    settings: _Settings = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what it would cost; reserve and write nothing.")
    ] = False,
    is_listed: Annotated[
        bool, typer.Option("--list", help="List the tools, or the parameters of one.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Reserve the money for a batch of a plan, and write its tasks for a tool."""
    if is_listed:
        _list(tool, as_json=as_json)
        return
    if tool is None:
        raise UserError(
            "A hand-off needs a tool.", where="--as", fix="List: prefdata annotate export --list"
        )
    import prefdata as pf

    done = pf.hand_off(
        tool,
        to,
        workspace=workspace,
        step=step,
        source=source,
        batch=batch,
        params=parse_settings(settings),
        budget=budget,
        is_dry=dry_run,
    )
    if as_json:
        _output.json_lines([asdict(done)])
        return
    _show_handoff(done)


def _show_handoff(done: HandoffResult) -> None:
    price = f"{done.cost:,.2f} {done.currency or ''}".strip()
    what = f"{done.n_tasks:,} tasks, {done.n_votes:,} judgments for {price}"
    _output.line(f"batch {done.batch} of plan {done.plan_id[:_SHOWN_DIGITS]}: {what}")
    if done.n_waiting:
        _output.line(f"{done.n_waiting:,} more are out under earlier plans, and not asked again")
    _output.line(f"before it: {done.spent:,.2f} spent, {done.promised:,.2f} reserved")
    if done.budget is not None:
        new = 0.0 if done.is_again else done.cost
        left = done.budget - done.spent - done.promised - new
        what = f"{left:,.2f} are left" if left >= 0 else f"{-left:,.2f} are missing"
        _output.line(f"after it {what} of the budget of {done.budget:,.2f}")
    if done.is_again:
        _output.line("it was reserved before; nothing was reserved now")
    if done.is_dry:
        _output.line("dry run: nothing was reserved or written")
    for name in sorted(done.digests):
        _output.line(str(done.folder / name))


def _list(tool: str | None, *, as_json: bool) -> None:
    """List the tools, or the parameters of one."""
    from prefdata.registry import names, plugin

    if tool is None:
        found = [plugin("handoff", name) for name in names("handoff")]
        rows: list[dict[str, Any]] = [
            {"tool": one.name, "version": one.version, "what": one.summary} for one in found
        ]
    else:
        rows = list(parameter_rows(plugin("handoff", tool).params))
    _output.rows(rows, as_json=as_json, empty="it takes no parameters")


@annotate_app.command("import")
def import_answers(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Files as the tools export them; none to import again what is there.",
            show_default=False,
        ),
    ] = None,
    workspace: Workspace = None,
    tool: Annotated[
        str | None,
        typer.Option("--as", help="The tool; each file is recognised by default."),
    ] = None,
    experts: Annotated[
        list[str] | None,
        typer.Option(
            "--expert",
            help="An annotator, as the tool names them, who is an expert; may be repeated.",
            show_default=False,
        ),
    ] = None,
    settings: _Settings = None,
    *,
    as_json: Json = False,
) -> None:
    """Take answers back: they become judgments, and the money for them is settled."""
    import prefdata as pf

    with reporter(as_json=False, is_quiet=True) as report:
        done = pf.take_back(
            files or [],
            workspace=workspace,
            tool=tool,
            experts=experts or [],
            params=parse_settings(settings),
            report=report,
        )
    step = done.run.steps[0]
    if as_json:
        _output.json_lines(
            [
                {
                    "files": list(done.files),
                    "known_files": done.n_known,
                    "answers": done.n_answers,
                    "judgments": done.n_judgments,
                    "rejected": done.rejected,
                    "settled": done.settled,
                    "total_answers": step.rows_in,
                    "total_judgments": step.rows_out,
                    "snapshot": done.run.snapshot.name,
                }
            ]
        )
        return
    again = f" ({done.n_known:,} there already)" if done.n_known else ""
    taken = "1 file" if len(done.files) == 1 else f"{len(done.files):,} files"
    _output.line(f"{taken}{again}: {done.n_answers:,} answers")
    rows = [["judgment", done.n_judgments], *map(list, sorted(done.rejected.items()))]
    if done.n_answers:
        _output.table(["became", "answers"], rows)
    settled = ", ".join(f"{n:,} {status}" for status, n in done.settled.items())
    _output.line(f"settled now: {settled}")
    _output.line(f"in all: {step.rows_out:,} judgments of {step.rows_in:,} answers")
    for note in step.notes:
        _output.line(note)
    _output.line(f"snapshot {done.run.snapshot.name[:12]} (#{done.run.snapshot.number})")


@annotate_app.command("status")
def show_status(workspace: Workspace = None, *, as_json: Json = False) -> None:
    """Show how far each batch is: judgments, what was rejected, agreement, money."""
    import prefdata as pf

    found = pf.label_status(workspace=workspace)
    if as_json:
        _output.json_lines([asdict(one) for one in found])
        return
    if not found:
        _output.say("nothing is planned, and nothing was handed off")
        return
    for one in found:
        _show_batch(one)


@annotate_app.command("close")
def close_batch(
    batch: Annotated[int, typer.Option(help="Number of the batch.", min=0)],
    plan: Annotated[
        str | None,
        typer.Option(
            help="Beginning of the plan's name, if several have such a batch.", show_default=False
        ),
    ] = None,
    workspace: Workspace = None,
    step: Annotated[str, typer.Option(help="Step that planned.")] = "route",
    *,
    as_json: Json = False,
) -> None:
    """Give up on what a batch still waits for: its money is free again."""
    import prefdata as pf

    closed = pf.close_batch(batch, workspace=workspace, step=step, plan=plan)
    if as_json:
        _output.json_lines([asdict(closed)])
        return
    _output.line(
        f"batch {closed.batch} of plan {closed.plan_id[:_SHOWN_DIGITS]}: {closed.n_votes:,} "
        f"judgments are no longer awaited, {closed.cost:,.2f} {closed.currency} are free"
    )


def _show_batch(one: BatchStatus) -> None:
    """Show one batch, in lines that fit every terminal."""
    why = ", ".join(f"{rule} {n:,}" for rule, n in one.rejected.items())
    if one.plan_id is None:
        _output.line(f"answers to no task of ours: {why}")
        return
    where = f" at {one.tool}" if one.tool else ""
    _output.line(f"plan {one.plan_id[:_SHOWN_DIGITS]}, batch {one.batch}: {one.state}{where}")
    same = "" if one.agreement is None else f"; two agree {one.agreement:.2f}"
    _output.line(f"  {one.tasks:,} tasks, {one.asked:,} judgments asked, {one.back:,} back{same}")
    if why:
        _output.line(f"  rejected: {why}")
    if one.reserved:
        money = f"reserved {one.reserved:,.2f}, done {one.done:,.2f}"
        refunded = f", refunded {one.refunded:,.2f}" if one.refunded else ""
        _output.line(f"  {money}{refunded}, left {one.left:,.2f} {one.currency or ''}".rstrip())
