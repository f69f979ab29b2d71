"""Without a network: whether it may be used, and what to download by hand when it may not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prefdata.core.errors import FetchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.fetch.cards import CardFile, SourceCard

__all__ = ["by_hand", "dataset_page", "offline_reason"]

_VARIABLES = ("PREFDATA_OFFLINE", "HF_HUB_OFFLINE")
_TRUE = {"1", "ON", "YES", "TRUE"}


def offline_reason(*, offline: bool) -> str | None:
    """Return why the network may not be used, or None if it may."""
    if offline:
        return "--offline was given"
    for name in _VARIABLES:
        if os.environ.get(name, "").upper() in _TRUE:
            return f"{name}={os.environ[name]} is set"
    return None


def dataset_page(repo: str, revision: str | None) -> str:
    """Return the page of a dataset on the hub that lists its files."""
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    return f"{endpoint}/datasets/{repo}/tree/{revision or 'main'}"


def by_hand(source: SourceCard, missing: Sequence[CardFile], reason: str) -> FetchError:
    """Make the error that says which files to download, from where, and what to run then."""
    page = dataset_page(source.hub.repo, source.revision) if source.hub else source.homepage
    width = max((len(file.path) for file in missing), default=0)
    lines = [
        f"    {file.path:<{width}}  {_facts(file)}".rstrip()
        for file in sorted(missing, key=lambda file: file.path)
    ]
    n_files = "1 file" if len(missing) == 1 else f"{len(missing)} files"
    error = FetchError(
        f"{n_files} of {source.source} could not be fetched: {reason}.",
        where=page,
        fix=f"Download by hand from {page} into one folder, keeping the names:\n"
        + "\n".join(lines)
        + f"\n  then:  prefdata ingest {source.source} --from <folder>",
    )
    error.retryable = True
    return error


def _facts(file: CardFile) -> str:
    facts = [] if file.rows is None else [f"{file.rows:,} rows"]
    if file.bytes is not None:
        facts.append(f"{file.bytes:,} bytes")
    if file.optional:
        facts.append("optional")
    if file.url:
        facts.append(f"from {file.url}")
    return ", ".join(facts)
