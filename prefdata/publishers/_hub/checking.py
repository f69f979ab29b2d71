"""The proof: what loads from the hub, by its commit, has the rows and bytes that were staged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefdata.core import errors
from prefdata.core.errors import PrefdataError, SetupError, ValidationError
from prefdata.core.events import Progress, StepStarted
from prefdata.protocols.publishing import Checked
from prefdata.publishers._hub.client import Client, connect
from prefdata.publishers._hub.problems import AGAIN, scrubbed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.core.events import Report
    from prefdata.protocols.publishing import ConfigContents, Contents, Receipt
    from prefdata.publishers._hub.params import HubParams

__all__ = ["check"]

_CHILD = "prefdata.publishers._hub.loading"
_QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_UPDATE_DOWNLOAD_COUNTS": "0",  # nobody used the data yet
}
# Places and bounds of caches that the user set: the check must not find there what it is to load,
# and reads the files that the load leaves.
_CACHES = (
    "HF_ASSETS_CACHE",
    "HF_DATASETS_CACHE",
    "HF_DATASETS_DOWNLOADED_DATASETS_PATH",
    "HF_DATASETS_EXTRACTED_DATASETS_PATH",
    "HF_DATASETS_IN_MEMORY_MAX_SIZE",
    "HF_DATASETS_OFFLINE",
    "HF_HUB_CACHE",
    "HF_MODULES_CACHE",
    "HF_XET_CACHE",
    "HUGGINGFACE_HUB_CACHE",
)
_CODES = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, PrefdataError)
}
_FIX = "Do not announce this version; publish another one, and report this if it happens again."


def check(receipt: Receipt, contents: Contents, params: HubParams, report: Report) -> Checked:
    """Load the commit in a process of its own, with an empty cache, and compare everything.

    The cache takes the space of the published files and of their rows, in the folder for
    temporary files, and is removed.

    Raises:
        ValidationError: If a file, a configuration, a split or a row differs.
        FetchError: If the hub cannot be reached.
        SetupError: If the machine has not enough space.
    """
    client = connect(receipt.target)
    step = f"load:{receipt.target}"
    total = sum(split.rows for config in contents.configs for split in config.splits)
    report(StepStarted(step, "hub", total, "rows"))
    files: dict[str, str] = {}
    splits: dict[str, dict[str, Any]] = {}
    done = 0
    for record in _records(client, receipt, contents):
        match record:
            case {"error": code, "what": what, "where": where, "fix": fix, "retryable": retryable}:
                raise _passed_on(code, what, where, fix, retryable=retryable)
            case {"file": path, "sha256": sha256}:
                files[path] = sha256
            case {"configs": names, "default": default}:
                _compare_configs(names, default, contents.configs, receipt)
            case {"progress": rows}:
                done += rows
                report(Progress(step, done))
            case {"config": config, "split": split}:
                splits[f"{config}/{split}"] = record
    _compare_files(files, receipt)
    _compare_splits(splits, contents, receipt)
    rows = {name: int(record["rows"]) for name, record in sorted(splits.items())}
    return Checked(receipt.commit, rows, len(files))


def _records(client: Client, receipt: Receipt, contents: Contents) -> Iterator[dict[str, Any]]:
    """Yield what the process that loads writes.

    Raises:
        SetupError: If it ends before its end.
    """
    with tempfile.TemporaryDirectory(
        prefix="prefdata-check-", ignore_cleanup_errors=True
    ) as folder:
        asked = {
            "target": receipt.target,
            "commit": receipt.commit,
            "files": sorted(receipt.files),
            "configs": [config.name for config in contents.configs],
            "cache": folder,
        }
        said = Path(folder) / "said"
        # -P: a file datasets.py in the user's folder is not the library.
        command = [sys.executable, "-P", "-m", _CHILD]
        with (
            said.open("wb") as stderr,
            subprocess.Popen(  # noqa: S603 - our own module
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=_environment(client, folder),
                text=True,
                encoding="utf-8",
            ) as child,
        ):
            try:
                yield from _talk(child, asked)
            finally:
                child.kill()
                child.wait()
        if child.returncode:
            last = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise SetupError(
                f"The process that loads the data again ended with {child.returncode}: "
                f"{scrubbed(' '.join(last), client.token) or 'it said nothing'}.",
                where=receipt.url,
                fix=f"Free memory and space, or set TMPDIR to a larger disk. {AGAIN}",
            )


def _talk(child: subprocess.Popen[str], asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if child.stdin is None or child.stdout is None:  # pragma: no cover - both are pipes
        return
    try:
        json.dump(asked, child.stdin)
        child.stdin.close()
    except BrokenPipeError:  # it ended at once, and its exit status says so
        pass
    for line in child.stdout:
        yield json.loads(line)
    child.wait()


def _environment(client: Client, folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _CACHES}
    kept |= {"HF_ENDPOINT": client.base, "HF_HOME": folder, **_QUIET}
    if client.token is not None:
        kept["HF_TOKEN"] = client.token
    return kept


def _passed_on(
    code: str, what: str, where: str | None, fix: str | None, *, retryable: bool
) -> PrefdataError:
    error = _CODES[code](what, where=where, fix=fix)
    if isinstance(error, SetupError):
        error.retryable = retryable
    return error


def _compare_files(found: dict[str, str], receipt: Receipt) -> None:
    for path, sha256 in sorted(receipt.files.items()):
        if found.get(path) != sha256:
            raise ValidationError(
                f"The file {path} of {receipt.target} is not the one that was staged.",
                where=f"{receipt.url}: {path}",
                fix=_FIX,
            )


def _compare_configs(
    names: list[str], default: str | None, staged: tuple[ConfigContents, ...], receipt: Receipt
) -> None:
    wanted = sorted(config.name for config in staged)
    if names != wanted:
        raise ValidationError(
            f"{receipt.target} has the configurations {', '.join(names) or 'none'}, and "
            f"{', '.join(wanted)} were staged.",
            where=f"{receipt.url}: README.md",
            fix="Let `configs` in the card name the staged folders, and publish another version.",
        )
    first = [config.name for config in staged if config.is_default]
    if first and default != first[0]:
        raise ValidationError(
            f"Without a name, {receipt.target} gives {default or 'no configuration'}, not "
            f"{first[0]}.",
            where=f"{receipt.url}: README.md",
            fix="Mark it `default: true` in the card, and publish another version.",
        )


def _compare_splits(found: dict[str, dict[str, Any]], contents: Contents, receipt: Receipt) -> None:
    wanted = {
        f"{config.name}/{split.name}": split
        for config in contents.configs
        for split in config.splits
    }
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found or name not in wanted:
            what = "is missing" if name not in found else "was not staged"
            raise ValidationError(
                f"The split {name} of {receipt.target} {what}.", where=receipt.url, fix=_FIX
            )
        there, split = found[name], wanted[name]
        if (there["rows"], there["digest"]) == (split.rows, split.digest):
            continue
        what = (
            "other values or another order"
            if there["rows"] == split.rows
            else f"{there['rows']:,} rows instead of {split.rows:,}"
        )
        raise ValidationError(
            f"What loads as {name} of {receipt.target} has {what}.",
            where=f"{receipt.url}: {', '.join(split.files)}",
            fix=_FIX,
        )
