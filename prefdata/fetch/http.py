"""Download one file by HTTP: whole or not at all, resumed where it broke off.

Bytes go to a hidden part file beside the target and become the target in one step. What a later
process needs to resume, the validator (ETag) and the size, stands beside it. A transfer is resumed
only if the server vouches that the file is still the same (``If-Range``); else it starts again.
Attempts are counted only while nothing new arrives.
"""

from __future__ import annotations

import json
import logging
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from prefdata.core.errors import FetchError
from prefdata.core.locks import try_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx

__all__ = ["Patience", "download"]

_MAX_CHANGES = 3
_LONGEST_WAIT_SECONDS = 600.0
_REFUSALS = {
    401: "asks who you are",
    403: "refuses access",
    404: "has no such file",
    410: "gave it up",
}
_OK, _PARTIAL, _NOT_MODIFIED, _BAD_RANGE = 200, 206, 304, 416
_BUSY = {408, 425, 429}
_SERVER_ERROR = 500

# The library that retries logs each one as a warning; without a handler Python would print it.
logging.getLogger("stamina").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a server, and how often to try again when nothing arrives."""

    attempts: int = 5
    connect_seconds: float = 15.0
    read_seconds: float = 60.0
    wait_initial_seconds: float = 0.5
    wait_max_seconds: float = 30.0


def download(
    url: str,
    target: Path,
    *,
    on_bytes: Callable[[int], None] = lambda _: None,
    patience: Patience | None = None,
) -> None:
    """Download a file; a target that the server says is unchanged is left as it is.

    Args:
        url: Where it is; redirects are followed.
        target: Where it goes; its folder is made.
        on_bytes: Called with the bytes that are there so far.
        patience: Time limits and retries.

    Raises:
        FetchError: If the file cannot be had; ``retryable`` says whether waiting helps.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target):
            _run(_Transfer(url, target, on_bytes), patience or Patience())
    except OSError as error:
        raise FetchError(
            f"The file could not be stored: {error.strerror or error}.",
            where=str(target),
            fix="Make room or choose another cache folder, then run the same command again.",
        ) from error


def _run(transfer: _Transfer, patience: Patience) -> None:
    """Advance a transfer until it is done; stop when several requests in a row bring nothing."""
    import httpx
    import stamina

    limits = httpx.Timeout(patience.read_seconds, connect=patience.connect_seconds)
    try:
        with httpx.Client(follow_redirects=True, timeout=limits) as client:
            while not transfer.is_done:
                for attempt in stamina.retry_context(
                    on=_wait,
                    attempts=patience.attempts,
                    timeout=None,
                    wait_initial=patience.wait_initial_seconds,
                    wait_max=patience.wait_max_seconds,
                    wait_jitter=patience.wait_initial_seconds,
                ):
                    with attempt:
                        transfer.advance(client)
    except (httpx.HTTPError, httpx.InvalidURL, _Busy) as error:
        raise _unreachable(transfer.url, error) from error


@dataclass(frozen=True, slots=True)
class _State:
    """What is known of the bytes of a file."""

    url: str
    validator: str | None = None
    total: int | None = None


class _Busy(Exception):  # noqa: N818 - not an error yet
    """The server asks to come back later."""

    def __init__(self, status: int, wait_seconds: float | None) -> None:
        super().__init__(f"the server answered {status}")
        self.wait_seconds = wait_seconds


class _Transfer:
    """One file on its way: each call of `advance` is one request."""

    def __init__(self, url: str, target: Path, on_bytes: Callable[[int], None]) -> None:
        self.is_done = False
        self.url = url
        self._target = target
        self._part = target.with_name(f".{target.name}.part")
        self._part_record = target.with_name(f".{target.name}.part.json")
        self._record = target.with_name(f".{target.name}.json")
        self._on_bytes = on_bytes
        self._had = _recorded(self._record, url)
        self._state = _recorded(self._part_record, url)
        if self._state.validator is None:
            self._part.unlink(missing_ok=True)
        self._furthest = self._part.stat().st_size if self._part.exists() else 0
        self._n_changes = 0

    def advance(self, client: httpx.Client) -> None:
        """Ask for what is missing; return when the file is whole or more of it is there.

        Raises:
            httpx.TransportError: If nothing new arrived.
            _Busy: If the server asks to come back later.
            FetchError: If asking again is useless.
        """
        import httpx

        offset = self._part.stat().st_size if self._part.exists() else 0
        if offset and offset == self._state.total:
            self._finish()
            return
        try:
            with client.stream("GET", self.url, headers=self._headers(offset)) as response:
                self._take(response, offset)
        except (httpx.NetworkError, httpx.RemoteProtocolError, httpx.TimeoutException):
            if self._grew():
                return
            raise

    def _headers(self, offset: int) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity"}
        if offset and self._state.validator:
            headers |= {"Range": f"bytes={offset}-", "If-Range": self._state.validator}
        elif self._had.validator and self._target.exists():
            is_tag = self._had.validator.startswith('"')
            headers["If-None-Match" if is_tag else "If-Modified-Since"] = self._had.validator
        return headers

    def _take(self, response: httpx.Response, offset: int) -> None:
        """Act on the status, then write the body."""
        status = response.status_code
        if status == _NOT_MODIFIED and self._target.exists():
            self._on_bytes(self._target.stat().st_size)
            self.is_done = True
        elif status == _OK:
            self._check_kind(response)
            self._note_change(is_changed=bool(offset) and self._is_other(response))
            self._remember(response)
            self._write(response, 0)
        elif status == _PARTIAL and self._continues(response, offset):
            self._check_kind(response)
            self._write(response, offset)
        elif status in {_PARTIAL, _BAD_RANGE}:
            # Not the bytes that were asked for: begin again, without a range.
            self._note_change(is_changed=True)
            self._part.unlink(missing_ok=True)
        elif status in _BUSY or status >= _SERVER_ERROR:
            raise _Busy(status, _retry_after(response.headers.get("Retry-After")))
        else:
            raise FetchError(
                f"The server {_REFUSALS.get(status, 'does not give the file')} ({status}).",
                where=self.url,
                fix="Check the address; open it in a browser to see what the server says.",
            )

    def _write(self, response: httpx.Response, offset: int) -> None:
        with self._part.open("r+b" if offset else "wb") as file:
            file.seek(offset)
            position = offset
            for chunk in response.iter_raw():
                file.write(chunk)
                position += len(chunk)
                self._on_bytes(position)
            file.flush()
            os.fsync(file.fileno())
        total = self._state.total
        if total is None or position == total:
            self._finish()
        elif not self._grew():
            # Some servers cap a range, so a short answer is fine; an empty one is not.
            raise _Busy(response.status_code, None)

    def _finish(self) -> None:
        self._on_bytes(self._part.stat().st_size)
        self._part.replace(self._target)
        self._part_record.replace(self._record)
        self.is_done = True

    def _grew(self) -> bool:
        """Return whether the part file is longer than ever before."""
        size = self._part.stat().st_size if self._part.exists() else 0
        has_grown = size > self._furthest
        self._furthest = max(size, self._furthest)
        return has_grown

    def _note_change(self, *, is_changed: bool) -> None:
        """Count how often the file was another one than before."""
        if not is_changed:
            return
        self._n_changes += 1
        self._furthest = 0
        if self._n_changes > _MAX_CHANGES:
            raise FetchError(
                "The file changes on the server while it is being downloaded.",
                where=self.url,
                fix="Try again later, or use an address of one fixed version.",
            )

    def _is_other(self, response: httpx.Response) -> bool:
        return _validator(response) != self._state.validator

    def _continues(self, response: httpx.Response, offset: int) -> bool:
        """Return whether the answer is the rest of the very file that the part is of."""
        span, _, total = response.headers.get("Content-Range", "").partition("/")
        is_next = span.startswith(f"bytes {offset}-")
        is_as_long = total in {"*", str(self._state.total)} or self._state.total is None
        found = _validator(response)
        return bool(offset) and is_next and is_as_long and found in {None, self._state.validator}

    def _check_kind(self, response: httpx.Response) -> None:
        media = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media == "text/html" and not self._target.name.endswith((".html", ".htm")):
            hint = self.url.replace("/blob/", "/resolve/")
            said = f"try {hint}" if hint != self.url else "open it in a browser to see what it says"
            raise FetchError(
                f"The server sent a web page instead of {self._target.name}.",
                where=self.url,
                fix=f"Give the address of the file itself; {said}.",
            )
        coding = response.headers.get("Content-Encoding", "identity").lower()
        # Servers that mark a .gz file as encoded send its very bytes.
        if coding != "identity" and not self._target.name.endswith((".gz", ".zst", ".bz2", ".br")):
            raise FetchError(
                f"The server compresses the file on its way ({coding}), so it cannot be resumed.",
                where=self.url,
                fix="Download it by other means and give the local file.",
            )

    def _remember(self, response: httpx.Response) -> None:
        length = response.headers.get("Content-Length")
        total = int(length) if length and length.isdigit() else None
        self._state = _State(url=self.url, validator=_validator(response), total=total)
        # The part of another version must not be taken for one of this: it goes first.
        self._part.unlink(missing_ok=True)
        self._part_record.write_text(json.dumps(asdict(self._state)), encoding="utf-8")


def _recorded(record: Path, url: str) -> _State:
    try:
        state = _State(**json.loads(record.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return _State(url=url)
    return state if state.url == url else _State(url=url)


def _validator(response: httpx.Response) -> str | None:
    """Return a strong ETag, else the date of change; a weak ETag cannot vouch for bytes."""
    tag: str | None = response.headers.get("ETag")
    if tag and not tag.startswith("W/"):
        return tag
    date: str | None = response.headers.get("Last-Modified")
    return date


def _retry_after(value: str | None) -> float | None:
    """Return the seconds that a server asks to wait, given as seconds or as a date."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(tz=UTC)).total_seconds())


def _wait(error: Exception) -> bool | float:
    """Return whether to try again, or after how many seconds."""
    import httpx

    if isinstance(error, _Busy):
        wait = error.wait_seconds
        if wait is None:
            return True
        return wait if wait <= _LONGEST_WAIT_SECONDS else False
    return isinstance(
        error, httpx.NetworkError | httpx.RemoteProtocolError | httpx.TimeoutException
    )


def _unreachable(url: str, error: Exception) -> FetchError:
    wait = error.wait_seconds if isinstance(error, _Busy) else None
    asked = f" and asks to wait {wait:,.0f} seconds" if wait else ""
    told = FetchError(
        f"The file could not be downloaded: {str(error) or type(error).__name__}{asked}.",
        where=url,
        fix="Check the network and run the same command again; it goes on where it broke off.",
    )
    told.retryable = True
    return told


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Hold the only right to write a target; two writers would mix their bytes."""
    path = target.with_name(f".{target.name}.lock")
    with path.open("a") as file:
        if not try_lock(file):
            told = FetchError(
                "Another process is downloading the same file.",
                where=str(target),
                fix="Wait until it is done; its file is then used.",
            )
            told.retryable = True
            raise told
        yield
