"""Commands around history: snapshot list, show, diff, tag, untag, rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from prefdata.cli import _output
from prefdata.cli._options import Json, Workspace

if TYPE_CHECKING:
    from prefdata.catalog import Snapshot

__all__ = ["register"]

snapshot_app = typer.Typer(help="The history of the catalog.", no_args_is_help=True)
_Ref = Annotated[str, typer.Argument(help="A tag, the first digits of a name, or #<number>.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(snapshot_app, name="snapshot")


def _row(snapshot: Snapshot) -> dict[str, object]:
    return {
        "number": f"#{snapshot.number}",
        "snapshot": snapshot.name[:12],
        "committed": snapshot.created_at[:19].replace("T", " "),
        "what": snapshot.message,
        "tags": ", ".join(snapshot.tags),
    }


@snapshot_app.command("list")
def snapshot_list(
    workspace: Workspace = None,
    *,
    is_whole: Annotated[
        bool, typer.Option("--all", help="Show also commits that changed no snapshot.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the snapshots, oldest first."""
    import prefdata as pf

    history = pf.open(workspace).history()
    shown = [
        snapshot
        for before, snapshot in zip([None, *history], history, strict=False)
        if is_whole or before is None or before.name != snapshot.name or snapshot.tags
    ]
    _output.rows([_row(s) for s in shown], as_json=as_json)
    if len(shown) < len(history):
        _output.say(
            f"{len(history) - len(shown):,} commit(s) that changed no snapshot (vectors, scores, "
            "runs that were done before) are not shown; --all shows them"
        )


@snapshot_app.command("show")
def snapshot_show(ref: _Ref, workspace: Workspace = None) -> None:
    """Show what a snapshot holds."""
    import prefdata as pf

    snapshot = pf.open(workspace).snapshot(ref)
    _output.rows([_row(snapshot)])
    _output.rows(
        [
            {
                "table": name,
                "partition": "/".join(key),
                "rows": sum(f.rows for f in files),
                "files": len(files),
            }
            for name, table in sorted(snapshot.state.tables.items())
            for key, files in sorted(table.partitions.items())
        ]
    )


@snapshot_app.command("diff")
def snapshot_diff(
    before: _Ref, after: _Ref, workspace: Workspace = None, *, as_json: Json = False
) -> None:
    """Show what changed between two snapshots, by table and partition."""
    import prefdata as pf
    from prefdata.catalog.diff import diff

    changes = diff(pf.open(workspace), before, after)
    _output.rows([change.as_row() for change in changes], as_json=as_json, empty="no difference")


@snapshot_app.command("tag")
def snapshot_tag(
    tag: Annotated[str, typer.Argument(help="Name to give.")],
    ref: Annotated[
        str | None, typer.Argument(help="Snapshot; the newest by default.", show_default=False)
    ] = None,
    workspace: Workspace = None,
) -> None:
    """Name a snapshot."""
    import prefdata as pf

    snapshot = pf.open(workspace).tag(tag, ref)
    _output.line(f"{tag} = {snapshot.name[:12]} (#{snapshot.number})")


@snapshot_app.command("untag")
def snapshot_untag(
    tag: Annotated[str, typer.Argument(help="Tag to remove.")], workspace: Workspace = None
) -> None:
    """Remove a tag; the snapshot stays."""
    import prefdata as pf

    pf.open(workspace).untag(tag)


@snapshot_app.command("rollback")
def snapshot_rollback(ref: _Ref, workspace: Workspace = None) -> None:
    """Make the content of an older snapshot the newest; the history only grows."""
    import prefdata as pf

    snapshot = pf.open(workspace).rollback(ref)
    _output.line(f"snapshot {snapshot.name[:12]} (#{snapshot.number}): {snapshot.message}")
