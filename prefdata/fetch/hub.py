"""Files of datasets on the Hugging Face Hub, always by commit, kept in the hub's own cache."""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import quote, unquote

from prefdata.core.errors import FetchError, MissingExtraError, UserError
from prefdata.core.fingerprint import digest
from prefdata.fetch.local import is_data
from prefdata.fetch.offline import dataset_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

__all__ = [
    "HubPath",
    "Listing",
    "cached_file",
    "download",
    "list_files",
    "recorded",
    "select_files",
]

_ORIGIN = re.compile(
    r"hf://datasets/(?P<repo>[\w.-]+/[\w.-]+)"
    r"(?:@(?P<revision>refs/(?:convert|pr)/[^/@]+|[^/@]+))?"
    r"(?:/(?P<pattern>.*))?"
)
_SPECIAL = re.compile(r"refs/(convert|pr)/[^/@]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHORT_COMMIT = re.compile(r"[0-9a-f]{7,39}")
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class HubPath:
    """A place in a dataset repository: ``hf://datasets/<org>/<name>[@revision]/[pattern]``."""

    repo: str
    revision: str | None = None
    """Branch, tag, ``refs/pr/<n>`` or commit; None leaves the choice to the card, else to main."""
    pattern: str = ""
    """A file, a folder, or a glob where ``**`` crosses folders; empty is the whole repository."""

    @classmethod
    def parse(cls, text: str) -> HubPath:
        """Read an origin; a slash in a branch name is written ``%2F``.

        Examples:
            >>> HubPath.parse("hf://datasets/org/name@v1.0/data/*.parquet")
            HubPath(repo='org/name', revision='v1.0', pattern='data/*.parquet')

        Raises:
            UserError: If it does not have that form, or the pattern leaves the repository.
        """
        found = _ORIGIN.fullmatch(text)
        pattern = (found["pattern"] or "").strip("/") if found else ""
        if found is None or ".." in pattern.split("/"):
            raise UserError(
                f"{text!r} is not a place in a dataset on the hub.",
                where=text,
                fix="Write hf://datasets/<org>/<name>[@revision]/[file, folder or glob].",
            )
        revision = unquote(found["revision"]) if found["revision"] else None
        return cls(repo=found["repo"], revision=revision, pattern=pattern)

    def __str__(self) -> str:
        """Write the origin that `parse` reads."""
        text = f"hf://datasets/{self.repo}"
        if self.revision is not None:
            is_special = _SPECIAL.fullmatch(self.revision)
            text += f"@{self.revision if is_special else quote(self.revision, safe='')}"
        return f"{text}/{self.pattern}"


@dataclass(frozen=True, slots=True)
class Listing:
    """All files of a repository at one commit."""

    repo: str
    commit: str
    files: tuple[str, ...]


def select_files(listing: Listing, pattern: str) -> list[str]:
    """Return the names that a pattern means: one file, the data files of a folder, or a glob.

    Raises:
        FetchError: If there are none.
    """
    if pattern in listing.files:
        return [pattern]
    names = sorted(filter(is_data, listing.files))
    inside = [name for name in names if not pattern or name.startswith(f"{pattern}/")]
    parts = pattern.split("/")
    found = inside or [name for name in names if _matches(name.split("/"), parts)]
    if not found:
        shown = ", ".join(names[:5]) or "none"
        raise FetchError(
            f"No file of {listing.repo} at {listing.commit[:12]} matches {pattern!r}.",
            where=dataset_page(listing.repo, listing.commit),
            fix=f"Choose among its {len(names)} data files: {shown}{', …' * (len(names) > 5)}",  # noqa: PLR2004
        )
    return found


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_matches(parts[start:], pattern[1:]) for start in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])


def list_files(repo: str, revision: str | None, *, folder: Path) -> Listing:
    """Ask the hub for the commit of a revision and its files, and record the answer.

    Args:
        repo: ``<org>/<name>``.
        revision: Branch, tag, reference or commit, possibly shortened; None is ``main``.
        folder: Where the answer is recorded, for `recorded`.

    Raises:
        FetchError: If there is no such dataset or revision, or the hub cannot be reached.
        MissingExtraError: If huggingface_hub is not installed.
    """
    api = _library().HfApi()
    with _explained(repo, revision):
        for attempt in _patiently():
            with attempt:
                wanted = revision or "main"
                if _SHORT_COMMIT.fullmatch(wanted):
                    wanted = _full_commit(api, repo, wanted)
                commit = str(api.dataset_info(repo, revision=wanted).sha)
                files = api.list_repo_files(repo, revision=commit, repo_type="dataset")
    listing = Listing(repo=repo, commit=commit, files=tuple(sorted(files)))
    folder.mkdir(parents=True, exist_ok=True)
    record = _record(folder, repo, revision)
    part = record.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps({"commit": commit, "files": listing.files}), encoding="utf-8")
    part.replace(record)
    return listing


def recorded(repo: str, revision: str | None, *, folder: Path) -> Listing | None:
    """Return the last answer of `list_files`, for work without a network."""
    record = _record(folder, repo, revision)
    if not record.is_file():
        return None
    said = json.loads(record.read_text(encoding="utf-8"))
    return Listing(repo=repo, commit=said["commit"], files=tuple(said["files"]))


def cached_file(repo: str, commit: str, name: str) -> Path | None:
    """Return a file that the hub's own cache holds, or None; needs no network."""
    try:
        library = _library()
    except MissingExtraError:
        return None
    found = library.try_to_load_from_cache(repo, name, revision=commit, repo_type="dataset")
    return Path(found) if isinstance(found, str) else None


def download(repo: str, commit: str, name: str, *, on_bytes: Callable[[int], None]) -> Path:
    """Download one file into the hub's own cache.

    Args:
        repo: ``<org>/<name>``.
        commit: The full commit.
        name: Path within the repository.
        on_bytes: Called with the bytes of this file that are there so far.

    Raises:
        FetchError: If the file is not there, access is refused, or the hub cannot be reached.
        MissingExtraError: If huggingface_hub is not installed.
    """
    library = _library()

    class Bar(_Bar):
        tell = staticmethod(on_bytes)

    with _explained(repo, commit, name):
        path = library.hf_hub_download(
            repo, name, repo_type="dataset", revision=commit, tqdm_class=cast("Any", Bar)
        )
    return Path(path)


class _Bar:
    """Stands where the hub draws a progress bar, and tells the position instead."""

    tell: Callable[[int], None]

    def __init__(self, *, initial: int = 0, total: float | None = None, **_: object) -> None:
        self.n: float = initial
        self.total = total

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def update(self, n: float | None = 1) -> None:
        self.n += n or 0
        self.tell(int(self.n))

    def update_transfer(self, n: float | None = 1) -> None:
        """Ignore bytes on the wire: they are counted once more when they become the file."""

    def set_postfix_str(self, *_: object, **__: object) -> None:
        """Show no speed."""

    set_transfer_postfix_str = set_postfix_str
    set_description_str = set_postfix_str
    refresh = set_postfix_str

    def close(self) -> None:
        """Leave nothing behind."""


def _library() -> ModuleType:
    try:
        import huggingface_hub
    except ModuleNotFoundError as error:
        raise MissingExtraError("The Hugging Face Hub", extra="hub") from error
    return huggingface_hub


def _record(folder: Path, repo: str, revision: str | None) -> Path:
    return folder / f"hub-{digest([repo, revision])}.json"


def _full_commit(api: Any, repo: str, short: str) -> str:
    commits = [commit.commit_id for commit in api.list_repo_commits(repo, repo_type="dataset")]
    found = [commit for commit in commits if commit.startswith(short)]
    # None: it may still be a branch or tag that looks like a commit.
    return str(found[0]) if len(found) == 1 else short


def _patiently() -> Any:
    """Return attempts that outlast a hiccup; a machine without a network fails within seconds."""
    import httpx2
    import stamina
    from huggingface_hub.errors import HfHubHTTPError

    def is_passing(error: Exception) -> bool:
        if isinstance(error, HfHubHTTPError):
            status = error.response.status_code
            return status == 429 or status >= 500  # noqa: PLR2004 - too many requests; server errors
        return isinstance(error, httpx2.TransportError)

    return stamina.retry_context(on=is_passing, attempts=_ATTEMPTS, timeout=None)


@contextmanager
def _explained(repo: str, revision: str | None, name: str | None = None) -> Iterator[None]:
    """Turn what the hub's library raises into an error that says what to do."""
    import httpx2
    from huggingface_hub import errors

    page = dataset_page(repo, revision)
    try:
        yield
    except errors.GatedRepoError as error:
        raise FetchError(
            f"The dataset {repo} is gated.",
            where=page,
            fix="Accept its terms on that page while logged in, then run `hf auth login` here.",
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise FetchError(
            f"The hub shows no dataset {repo} to this user.",
            where=page,
            fix="Check the name; for a private dataset run `hf auth login`.",
        ) from error
    except errors.RevisionNotFoundError as error:
        raise FetchError(
            f"The dataset {repo} has no revision {revision!r}.",
            where=dataset_page(repo, None),
            fix="Choose a branch, tag or commit of its history.",
        ) from error
    except errors.RemoteEntryNotFoundError as error:
        raise FetchError(
            f"The dataset {repo} has no file {name!r} at that revision.",
            where=page,
            fix="Choose one of the files on that page.",
        ) from error
    except (errors.XetDownloadError, httpx2.HTTPError, OSError) as error:
        cause = error.__cause__ or error
        told = FetchError(
            f"The hub did not give {name or repo}: {str(cause).strip() or type(cause).__name__}.",
            where=page,
            fix="Check the network and the free space, then run the same command again; "
            "what is there already is kept.",
        )
        told.retryable = True
        raise told from error
