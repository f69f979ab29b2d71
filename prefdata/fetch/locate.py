"""Where the raw files of a source are: pinned on the hub, or in a place that the user names.

Cache: ``<cache>/<source>/<revision>/<path>`` is looked at first, so files put there by hand are
found; what comes from the hub stays in the hub's own cache, what comes by HTTP goes there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag, urlsplit

from prefdata.core.errors import FetchError, UserError
from prefdata.core.events import Note, silent
from prefdata.core.fingerprint import digest
from prefdata.fetch import hub
from prefdata.fetch.cards import card, card_names
from prefdata.fetch.digests import check_file, pins_of
from prefdata.fetch.http import download
from prefdata.fetch.local import local_files
from prefdata.fetch.offline import by_hand, dataset_page, offline_reason
from prefdata.fetch.progress import Meter
from prefdata.protocols import RawFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.core.events import Report
    from prefdata.fetch.cards import CardFile, SourceCard

__all__ = ["fetch"]

_UNPINNED = "unpinned"


def fetch(
    source: str,
    origin: str | Path | None = None,
    *,
    cache: Path,
    offline: bool = False,
    report: Report = silent,
    verify: bool = False,
) -> list[RawFile]:
    """Return the raw files of a source on this machine, downloading what is missing.

    Args:
        source: Name of the source.
        origin: None for the files pinned in the source's card; else a file or folder,
            ``hf://datasets/<org>/<name>[@revision]/[file, folder or glob]``, or an ``http(s)``
            address of one file, whose name is the last part of its path or what follows ``#``.
        cache: Folder for what is downloaded.
        offline: Use no network; the variables ``PREFDATA_OFFLINE`` and ``HF_HUB_OFFLINE`` say
            the same.
        report: Where to report progress in bytes.
        verify: Check local files against the digests of the card too; pinned downloads
            always are.

    Returns:
        The files, sorted by name.

    Raises:
        UserError: If the origin is nothing that files can come from.
        FetchError: If files cannot be had; it says what to download by hand.
        SourceDriftError: If a file is not the pinned one.
        MissingExtraError: If the hub is needed and its library is not installed.
    """
    known = card(source) if source in card_names() else None
    job = _Fetch(source, known, cache / source, offline_reason(offline=offline), report)
    if origin is None:
        found = job.pinned()
    elif isinstance(origin, str) and origin.startswith("hf://"):
        found = job.from_hub(hub.HubPath.parse(origin))
    elif isinstance(origin, str) and origin.startswith(("http://", "https://")):
        found = [job.from_address(origin)]
    elif isinstance(origin, str) and "://" in origin:
        raise UserError(
            f"Files cannot be fetched from {origin.partition('://')[0]}:// addresses.",
            where=origin,
            fix="Give a file or folder, hf://datasets/<org>/<name>, or https://…",
        )
    else:
        found = local_files(Path(origin).expanduser())
        if verify:
            job.verify_local(found)
    return sorted(found, key=lambda raw: raw.name)


@dataclass(frozen=True, slots=True)
class _Fetch:
    """One fetch: what is asked for, and the surroundings it happens in."""

    source: str
    card: SourceCard | None
    folder: Path
    """The cache of this source."""
    offline: str | None
    """Why the network may not be used, or None if it may."""
    report: Report

    def pinned(self) -> list[RawFile]:
        """Return the files of the card, at its revision."""
        if self.card is None or not self.card.files:
            raise UserError(
                f"The source {self.source!r} has no pinned files.",
                where=f"catalog/sources/{self.source}.yaml",
                fix=f"Say where its files are: prefdata ingest {self.source} --from <place>",
            )
        try:
            revision = self._pinned_revision(self.card)
        except FetchError as error:
            raise by_hand(self.card, self.card.files, error.what.rstrip(".")) from error
        found = {file.path: self._cached(file, revision) for file in self.card.files}
        missing = [file for file in self.card.files if found[file.path] is None]
        if self.offline and any(not file.optional for file in missing):
            raise by_hand(self.card, missing, self.offline)
        if self.offline and missing:
            names = ", ".join(file.path for file in missing)
            self.report(Note(f"Optional files are not here and were left out: {names}."))
        elif missing:
            found |= self._download(self.card, missing, revision)
        files = [
            RawFile(path=path, name=name, revision=revision)
            for name, path in found.items()
            if path is not None
        ]
        if revision == self.card.revision:
            self._verify(files, self.card)
        return files

    def from_hub(self, place: hub.HubPath) -> list[RawFile]:
        """Return the files of a repository that a pattern means, at one commit."""
        pinned = self.card.hub if self.card and self.card.hub else None
        is_own = pinned is not None and pinned.repo == place.repo
        revision = place.revision or (pinned.revision if pinned and is_own else None)
        listing = self._listing(place.repo, revision, file=place.pattern)
        names = hub.select_files(listing, place.pattern)
        paths = {name: self._hub_cached(listing.repo, listing.commit, name) for name in names}
        missing = [name for name, path in paths.items() if path is None]
        if missing and self.offline:
            raise self._not_cached(f"{place} ({', '.join(missing)})", place.repo, listing.commit)
        if missing:
            meter = Meter(self.report)
            for name in missing:
                meter.begin()
                paths[name] = hub.download(listing.repo, listing.commit, name, on_bytes=meter.at)
                meter.end()
        pin = pinned.revision if pinned and is_own else None
        is_pinned = pin is not None and listing.commit.startswith(pin)
        # One name for one state: the card's, which may be a shortened commit.
        named = pin if is_pinned else listing.commit
        files = [
            RawFile(path=path, name=name, revision=named)
            for name, path in paths.items()
            if path is not None
        ]
        if self.card and is_pinned:
            self._verify(files, self.card)
        return files

    def from_address(self, origin: str) -> RawFile:
        """Return one file by its web address; asks the server whether a cached one is still it."""
        url, name = _address(origin)
        target = self.folder / f"url-{digest(url)}" / name
        if self.offline and not target.exists():
            raise self._not_cached(url, None, None)
        if not self.offline:
            meter = Meter(self.report)
            meter.begin()
            try:
                download(url, target, on_bytes=meter.at)
            except FetchError as error:
                if not (error.retryable and target.exists()):
                    raise
                self.report(Note(f"{error.what} The file fetched before is used: {target}."))
            meter.end()
        return RawFile(path=target, name=name)

    def verify_local(self, files: Sequence[RawFile]) -> None:
        """Check files of a local folder against the card."""
        if self.card is None:
            raise UserError(
                f"The source {self.source!r} has no card to verify files against.",
                where=f"catalog/sources/{self.source}.yaml",
                fix="Leave out the check.",
            )
        self._verify(files, self.card, is_loud=True)

    def _pinned_revision(self, known: SourceCard) -> str | None:
        """Return the commit to fetch; a card without one takes what main is now, and says so."""
        if known.hub is None:
            return None
        if known.hub.revision is None:
            listing = self._listing(known.hub.repo, None)
            self.report(
                Note(f"The card of {self.source} pins no revision; main is {listing.commit}.")
            )
            return listing.commit
        return known.hub.revision

    def _cached(self, file: CardFile, revision: str | None) -> Path | None:
        own = self.folder / (revision or _UNPINNED) / file.path
        if own.is_file():
            return own
        if file.url or self.card is None or self.card.hub is None or revision is None:
            return None
        return hub.cached_file(self.card.hub.repo, self._commit(revision), file.path)

    def _commit(self, revision: str) -> str:
        """Return the full commit of a shortened one, if the hub was asked before."""
        if self.card is None or self.card.hub is None:
            return revision
        known = hub.recorded(self.card.hub.repo, revision, folder=self.folder)
        return known.commit if known else revision

    def _hub_cached(self, repo: str, commit: str, name: str) -> Path | None:
        own = self.folder / commit / name
        return own if own.is_file() else hub.cached_file(repo, commit, name)

    def _download(
        self, known: SourceCard, missing: Sequence[CardFile], revision: str | None
    ) -> dict[str, Path | None]:
        """Download files of the card; an optional one that upstream lacks is left out."""
        sizes = [file.bytes for file in missing]
        total = sum(size or 0 for size in sizes) if None not in sizes else None
        found: dict[str, Path | None] = {}
        try:
            is_listed = known.hub is not None and any(not file.url for file in missing)
            listing = self._listing(known.hub.repo, revision) if known.hub and is_listed else None
            meter = Meter(self.report, total=total)
            for file in missing:
                meter.begin()
                found[file.path] = self._download_one(file, revision, listing, meter)
                meter.end()
        except FetchError as error:
            left = [file for file in missing if found.get(file.path) is None]
            raise by_hand(known, left, error.what.rstrip(".")) from error
        return found

    def _download_one(
        self, file: CardFile, revision: str | None, listing: hub.Listing | None, meter: Meter
    ) -> Path | None:
        if file.url:
            path = self.folder / (revision or _UNPINNED) / file.path
            download(file.url, path, on_bytes=meter.at)
            return path
        if listing is None:
            raise FetchError("The card names no place to download it from.")
        if file.optional and file.path not in listing.files:
            self.report(Note(f"The revision has no {file.path}; it is optional."))
            return None
        return hub.download(listing.repo, listing.commit, file.path, on_bytes=meter.at)

    def _listing(self, repo: str, revision: str | None, *, file: str = "") -> hub.Listing:
        """Return the files of a revision, asking the hub if that is allowed and needed.

        A commit never changes, so one answer is enough. Without a network, the last answer will
        do, or one file that the hub's own tools have put into the cache.
        """
        known = hub.recorded(repo, revision, folder=self.folder)
        if known is not None and (self.offline or (revision and known.commit == revision)):
            return known
        if self.offline:
            if file and revision and hub.cached_file(repo, revision, file):
                return hub.Listing(repo=repo, commit=revision, files=(file,))
            raise self._not_cached(f"The list of files of {repo}", repo, revision)
        try:
            return hub.list_files(repo, revision, folder=self.folder)
        except FetchError as error:
            if known is None or not error.retryable:
                raise
            self.report(Note(f"{error.what} The state fetched before is used: {known.commit}."))
            return known

    def _not_cached(self, what: str, repo: str | None, revision: str | None) -> FetchError:
        page = dataset_page(repo, revision) if repo else what
        error = FetchError(
            f"{what} is not in the cache, and the network may not be used: {self.offline}.",
            where=page,
            fix=f"Go online, or download by hand from {page} and run "
            f"`prefdata ingest {self.source} --from <folder>`.",
        )
        error.retryable = True
        return error

    def _verify(
        self, files: Sequence[RawFile], known: SourceCard, *, is_loud: bool = False
    ) -> None:
        unknown = [raw.name for raw in files if not check_file(raw, pins_of(raw.name, known))]
        if unknown and is_loud:
            self.report(Note(f"No digest is pinned for: {', '.join(unknown)}."))


def _address(origin: str) -> tuple[str, str]:
    """Split an address into what is asked for and the name of the file."""
    url, fragment = urldefrag(origin)
    name = unquote(fragment) or unquote(urlsplit(url).path.rpartition("/")[2])
    parts = name.split("/")
    if not name or "\\" in name or not urlsplit(url).netloc or {"", ".", ".."} & set(parts):
        raise UserError(
            "The address does not end in the name of a file.",
            where=origin,
            fix="Append the name: https://…#train.jsonl.gz",
        )
    return url, name
