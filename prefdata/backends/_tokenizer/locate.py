"""Where a tokenizer is: a folder, the Hugging Face cache, or the hub; weights are not fetched."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from prefdata.backends._causal.identity import has_vocabulary
from prefdata.backends._hub.snapshots import Repository, folder_named
from prefdata.core.errors import BackendError, MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["locate_tokenizer"]

_KINDS = (("*.json", "*.jinja", "*.model", "*.txt"),)
# In folders there are other formats; the index of the weights is large and names none of ours.
_NOT_WANTED = ("*/*", "*.index.json")


def locate_tokenizer(name: str) -> Path:
    """Return the folder of a tokenizer, downloading it when it is nowhere and the network may be.

    A folder of that name comes first, then the Hugging Face cache (so an id without a revision
    stays what it was when it was downloaded), then the hub.

    Args:
        name: A folder, or an id on the hub, followed by ``@revision`` if one is wanted.

    Raises:
        MissingExtraError: If transformers is not installed.
        BackendError: If there is no such tokenizer, or it cannot be had without a network.
    """
    if importlib.util.find_spec("transformers") is None:
        raise MissingExtraError("A tokenizer", extra="models")
    try:
        return folder_named(name) or _fetched(name)
    except BackendError as error:
        error.where = f"tokenizer: {name}"
        raise


def _fetched(name: str) -> Path:
    """Return the folder of a tokenizer in the cache, where it may be put first."""
    repo, _, revision = name.partition("@")
    wanted = Repository(repo, revision, _KINDS, _NOT_WANTED, is_whole=has_vocabulary)

    def absent(reason: str) -> BackendError:
        return BackendError(
            f"The tokenizer {name} is not on this machine, and {reason}.",
            fix="Name a folder that holds one, or download it where there is a network: "
            f"`hf download {repo} --include '*.json'"
            f"{f' --revision {revision}' if revision else ''}`.",
        )

    found = wanted.had(absent)
    if found is None:
        raise BackendError(
            f"The repository {repo} holds no tokenizer that transformers can load.",
            fix="Name the model that the tokenizer was made for, or a folder that "
            "`tokenizer.save_pretrained` wrote.",
        )
    return found
