"""Copies of repositories: in the Hugging Face cache, or downloaded into it without a word."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefdata.backends._hub.quiet import first_line
from prefdata.core.errors import BackendError
from prefdata.fetch.offline import offline_reason

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Repository", "folder_named"]


def folder_named(model: str) -> Path | None:
    """Return the folder of that name, or None where the name can only be an id on the hub.

    Raises:
        BackendError: If it is written as a path, and there is no such folder.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if folder.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1:
        raise BackendError(
            f"There is no folder {model}.", where=f"model: {model}", fix="Correct the path."
        )
    return None


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository on the hub, and which of its files are wanted.

    Attributes:
        name: Its id.
        revision: A branch, tag or commit; the main branch where it is empty.
        kinds: Patterns of file names; a later kind is asked for only if an earlier one does not
            hold what is wanted.
        ignored: Patterns of files that no kind means; ``*`` goes across folders.
        is_whole: Whether a folder holds what is wanted.
        cache: Folder of the cache; the user's where it is None.
    """

    name: str
    revision: str
    kinds: tuple[tuple[str, ...], ...]
    ignored: tuple[str, ...]
    is_whole: Callable[[Path], bool]
    cache: str | None = None

    def cached(self) -> Path | None:
        """Return its folder in the cache, or None if what is wanted is not there.

        Raises:
            BackendError: If the name cannot be an id.
        """
        return self._first(is_local=True)

    def downloaded(self) -> Path | None:
        """Return its folder after download, or None if it does not hold what is wanted.

        Raises:
            BackendError: If the name cannot be an id, or the download failed.
        """
        return self._first(is_local=False)

    def had(self, absent: Callable[[str], BackendError]) -> Path | None:
        """Return its folder in the cache, or after download where the network may be used.

        Args:
            absent: Makes the error where it is not in the cache and there is no network; given
                the reason why there is none.

        Returns:
            None if what was downloaded is not what is wanted.

        Raises:
            BackendError: If the name cannot be an id, it is not here and there is no network, or
                the download failed.
        """
        found = self.cached()
        if found is not None:
            return found
        reason = offline_reason(offline=False)
        if reason is not None:
            raise absent(reason)
        return self.downloaded()

    def _first(self, *, is_local: bool) -> Path | None:
        for patterns in self.kinds:
            folder = self._folder(patterns, is_local=is_local)
            if folder is not None and self.is_whole(folder):
                return folder
        return None

    def _folder(self, patterns: tuple[str, ...], *, is_local: bool) -> Path | None:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

        try:
            found = snapshot_download(
                self.name,
                revision=self.revision or None,
                cache_dir=self.cache,
                local_files_only=is_local,
                allow_patterns=list(patterns),
                ignore_patterns=list(self.ignored),
                tqdm_class=_silent_bar(),
            )
        except HFValidationError as error:
            raise BackendError(
                f"{self.name!r} is neither a folder nor an id on the hub.",
                where=f"model: {self.name}",
                fix="Write a folder, `organisation/model`, or `organisation/model@revision`.",
            ) from error
        except Exception as error:  # the errors of its network library have no base of their own
            if is_local and isinstance(error, LocalEntryNotFoundError):
                return None
            raise _failed(self.name, error) from error
        return Path(found)


def _failed(name: str, error: Exception) -> BackendError:
    from huggingface_hub.errors import GatedRepoError

    failed = BackendError(
        f"The model {name} could not be downloaded: {first_line(error)}",
        where=f"model: {name}",
        fix="Ask for access on its page, then `hf auth login`, or set HF_TOKEN."
        if isinstance(error, GatedRepoError)
        else "Check the id and the network, or name a folder that holds the model.",
    )
    failed.retryable = True
    return failed


def _silent_bar() -> Any:
    """Return a progress bar that draws nothing: the library never prints."""
    bar: Any = importlib.import_module("tqdm.auto").tqdm

    def disabled(self: Any, *arguments: Any, **options: Any) -> None:
        bar.__init__(self, *arguments, **{**options, "disable": True})

    return type("Silent", (bar,), {"__init__": disabled})
