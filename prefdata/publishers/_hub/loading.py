"""A process that loads a published dataset as a user would, with a cache that nobody else uses.

It is a process of its own because both libraries read the address of the hub and the place of
their caches when they are imported. It reads what to load from standard input, as JSON, and writes
what it finds to standard output, a line of JSON each.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import PrefdataError, ValidationError
from prefdata.publishing.contents import rows_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

    from prefdata.publishers._hub.client import Client

    Tell = Callable[[dict[str, Any]], None]

__all__ = ["main"]

_PIECE = 1 << 20


def main() -> None:
    """Do what standard input says."""
    tell = _own_output()
    asked = json.load(sys.stdin)
    try:
        _work(asked, tell)
    except PrefdataError as error:
        tell(
            {
                "error": error.code,
                "what": error.what,
                "where": error.where,
                "fix": error.fix,
                "retryable": bool(getattr(error, "retryable", False)),
            }
        )


def _own_output() -> Tell:
    """Take standard output for ourselves: what libraries print goes to standard error."""
    out = sys.stdout
    sys.stdout = sys.stderr

    def tell(record: dict[str, Any]) -> None:
        out.write(json.dumps(record) + "\n")
        out.flush()

    return tell


def _work(asked: dict[str, Any], tell: Tell) -> None:
    from prefdata.publishers._hub.client import KIND, connect

    client = connect(asked["target"])
    commit = asked["commit"]
    for path in asked["files"]:
        place = client.ask(
            lambda path=path: client.api.hf_hub_download(  # type: ignore[misc]
                client.target, path, repo_type=KIND, revision=commit
            )
        )
        tell({"file": path, "sha256": _sha256(Path(place))})
    if not asked["configs"]:
        return
    tell(_configurations(client, commit))
    for name in asked["configs"]:
        _load(client, name, commit, Path(asked["cache"]) / "rows", tell)


def _configurations(client: Client, commit: str) -> dict[str, Any]:
    from datasets import get_dataset_config_names, get_dataset_default_config_name

    names = _loaded(client, None, lambda: get_dataset_config_names(client.target, revision=commit))
    default = _loaded(
        client, None, lambda: get_dataset_default_config_name(client.target, revision=commit)
    )
    return {"configs": sorted(names), "default": default}


def _load(client: Client, name: str, commit: str, cache: Path, tell: Tell) -> None:
    from datasets import load_dataset

    data = _loaded(
        client,
        name,
        lambda: load_dataset(client.target, name, revision=commit, cache_dir=str(cache)),
    )
    for split, rows in data.items():

        def frames(rows: Any = rows) -> Iterator[pl.DataFrame]:
            for frame in _frames(rows):
                tell({"progress": frame.height})
                yield frame

        n_rows, digest = rows_digest(frames())
        tell({"config": name, "split": str(split), "rows": n_rows, "digest": digest})
    shutil.rmtree(cache)  # else all configurations would lie there twice


def _frames(rows: Any) -> Iterator[pl.DataFrame]:
    """Yield the rows of a dataset of `datasets`, from the files that it made of them.

    It maps these into memory, where in the end the whole dataset counts as held; a stream does not.
    """
    import polars as pl
    import pyarrow as pa

    for file in rows.cache_files:
        with pa.OSFile(file["filename"]) as source, pa.ipc.open_stream(source) as reader:
            for batch in reader:
                frame = pl.from_arrow(batch)
                assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a batch is never a series
                yield frame


def _loaded(client: Client, config: str | None, load: Callable[[], Any]) -> Any:
    """Load, and tell apart who is at fault: the machine and the network, or the data."""
    from prefdata.publishers._hub.problems import is_outside

    try:
        return load()
    except Exception as error:
        if is_outside(error):
            with client.explained():
                raise
        text = repr(config) if config else "its configurations"
        raise ValidationError(
            f"What is published cannot be loaded: {text} of {client.target}: {_innermost(error)}.",
            where=client.page,
            fix="Correct the exporter or the card, and publish another version; look at it before "
            "anybody uses it.",
        ) from error


def _innermost(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(".")


def _sha256(path: Path) -> str:
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            hasher.update(piece)
    return hasher.hexdigest()


if __name__ == "__main__":
    main()
