"""The command that publishes a dataset, and shows what that means before it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from prefdata.cli import _output
from prefdata.cli._options import Json, Overrides, Workspace
from prefdata.cli._progress import reporter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefdata.publishing.findings import Finding
    from prefdata.runner.publish import PublishResult

__all__ = ["register"]

_SHOWN = 12


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("publish")(publish)


def publish(  # noqa: PLR0913 - Typer makes an option of each
    recipe: Annotated[
        str, typer.Argument(help="A recipe with a `publication`: a YAML file, or `publish`.")
    ],
    target: Annotated[
        str | None,
        typer.Argument(
            help="Where it goes, such as org/name; without it, it is staged and checked only.",
            show_default=False,
        ),
    ] = None,
    workspace: Workspace = None,
    settings: Overrides = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")
    ] = False,
    private: Annotated[
        bool | None,
        typer.Option(
            "--private/--public",
            help="Who sees a new dataset; one that is there stays as it is by default.",
            show_default=False,
        ),
    ] = None,
    gated: Annotated[
        Literal["auto", "manual"] | None,
        typer.Option(
            help="Ask users to agree to the terms of the recipe first.", show_default=False
        ),
    ] = None,
    create_pr: Annotated[
        bool, typer.Option("--create-pr", help="Open a pull request instead of a commit.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings stop it, too.")] = False,
    publisher: Annotated[str, typer.Option(help="What brings it there.")] = "hub",
    as_json: Json = False,
) -> None:
    """Run a recipe, stage its dataset with card and licences, check it, and send it in one commit.

    The token comes from HF_TOKEN or from `hf auth login`. After any fault the same command goes
    on where it stopped.
    """
    import prefdata as pf
    from prefdata.core.errors import RefusedError

    params: dict[str, Any] = {"private": private, "gated": gated}
    params = {name: value for name, value in params.items() if value is not None}
    if create_pr:
        params["create_pr"] = True
    try:
        with reporter(as_json=as_json) as report:
            result = pf.publish(
                recipe,
                target,
                workspace=workspace,
                overrides=settings or [],
                publisher=publisher,
                params=params,
                is_dry=dry_run,
                is_strict=strict,
                report=report,
            )
    except RefusedError as error:
        if not as_json:
            _show_findings(error.findings)
        raise
    if as_json:
        _output.json_lines([_plain(result)])
    else:
        _show(result)


def _show(result: PublishResult) -> None:
    _output.heading(f"staged in {result.folder}")
    _output.table(
        ["config", "split", "rows", "bytes"],
        [
            [config.name, split.name, split.rows, split.size]
            for config in result.facts.configs
            for split in config.splits
        ],
    )
    for config in result.facts.configs:
        if config.left_out:
            out = ", ".join(f"{reason} {n:,}" for reason, n in config.left_out.items())
            _output.line(f"left out of {config.name}: {out}")
    _output.line(f"licence: {result.facts.license} (not legal advice)")
    _show_findings(result.findings)
    if result.changes is not None:
        _show_plan(result)
    if result.receipt is not None and result.checked is not None:
        what = "published" if result.receipt.is_new else "was there already"
        if result.receipt.pull_request:
            what = "in a pull request"
        _output.line(f"{what}: {result.receipt.pull_request or result.receipt.url}")
        _output.line(f"commit {result.receipt.commit}, tag {result.receipt.tag or 'none'}")
        rows = sum(result.checked.rows.values())
        _output.line(f"loaded again: {rows:,} rows are the same, {result.checked.n_files} files")


def _show_plan(result: PublishResult) -> None:
    changes = result.changes or ()
    shown = [change for change in changes if change.action != "same"]
    _output.heading("what the target needs")
    _output.table(
        ["action", "file", "bytes"],
        [[change.action, change.path, change.size] for change in shown[:_SHOWN]],
    )
    if len(shown) > _SHOWN:
        _output.line(f"… and {len(shown) - _SHOWN} more")
    _output.line(f"{len(changes) - len(shown)} files are there already")
    if any(change.action == "foreign" for change in changes):
        _output.line("foreign files are of somebody else, and left alone")
    if result.receipt is None:
        _output.line("nothing was sent")


def _show_findings(findings: Iterable[Finding]) -> None:
    """Show findings, those together that have the same way out."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.level, finding.code, finding.fix), []).append(finding)
    for (level, code, fix), found in groups.items():
        _output.line(f"{level} {code}")
        for finding in found:
            _output.line(f"  {finding.what} ({finding.where})")
        if level != "notice":
            _output.line(f"  fix: {fix}")


def _plain(result: PublishResult) -> dict[str, Any]:
    return {
        "folder": str(result.folder),
        "license": result.facts.license,
        "configs": {
            config.name: {split.name: split.rows for split in config.splits}
            for config in result.facts.configs
        },
        "findings": [finding.to_dict() for finding in result.findings],
        "changes": None
        if result.changes is None
        else [[change.action, change.path, change.size] for change in result.changes],
        "commit": result.receipt.commit if result.receipt else None,
        "tag": result.receipt.tag if result.receipt else None,
        "url": result.receipt.url if result.receipt else None,
    }
