"""Files of answers, as they were brought back: in any order, of several rounds, partly broken."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from prefdata.backends._batch_files.requests import ids_in, is_request_file
from prefdata.backends._openai_wire.reply import read_refusal, read_reply
from prefdata.protocols import ChatFault, ChatReply

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["Answers", "read_line"]

_OK = 200
_BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Answers:
    """What the files of answers in a folder hold.

    Answers are not kept in memory, only where they are. All files ``*.jsonl`` that are not
    requests are read, in the order of their names; lines are joined to requests by ``custom_id``
    alone, and the first good one counts.

    Attributes:
        signature: Changes when a file does.
        places: File, and first byte of its line, of the answer to each request.
        refused: Likewise, of requests without an answer that would be refused again.
        errors: What was said to each request that found neither, but may if it is sent again.
        written: Ids of the requests in the files of requests.
        n_broken: Lines that are no answers, by file.
        n_again: Answers to requests that had one already.
    """

    signature: list[tuple[str, int, int]]
    places: dict[str, tuple[Path, int]] = field(default_factory=dict)
    refused: dict[str, tuple[Path, int]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    n_broken: Counter[str] = field(default_factory=Counter)
    n_again: int = 0

    @classmethod
    def of(cls, folder: Path, before: Answers | None = None) -> Answers:
        """Read the files of a folder.

        Args:
            folder: It need not exist.
            before: What was read before; returned if no file of answers changed since.

        Raises:
            OSError: If a file cannot be read.
        """
        files = sorted(path for path in folder.glob("*.jsonl") if path.is_file())
        brought = [path for path in files if not is_request_file(path)]
        states = [(path.name, path.stat()) for path in brought]
        signature = [(name, state.st_size, state.st_mtime_ns) for name, state in states]
        if before is not None and before.signature == signature:
            return before
        found = cls(signature)
        for path in files:
            if is_request_file(path):
                found.written.update(ids_in(path))
            else:
                found._read(path)
        return found

    def reply(self, custom_id: str) -> ChatReply | None:
        """Return what was said to a request, or None if it is to be sent.

        Raises:
            OSError: If the file cannot be read any more.
        """
        place = self.places.get(custom_id) or self.refused.get(custom_id)
        if place is None:
            return None
        path, start = place
        with path.open("rb") as file:
            file.seek(start)
            _, reply = read_line(file.readline())
        if reply.fault is None:
            return reply
        said = f"{reply.fault.message} (in {path.name}; without its line it is asked again)"
        return replace(reply, fault=replace(reply.fault, message=said))

    def notes(self, asked: Collection[str]) -> list[str]:
        """Return what the user should know of the files.

        Args:
            asked: Ids of the requests that are asked now.
        """
        told = [f"{name}: {_n(n, 'line')} cannot be read" for name, n in self.n_broken.items()]
        if self.n_again:
            told.append(f"{_n(self.n_again, 'answer')} came again; the first counts")
        there = self.places.keys() | self.refused.keys() | self.errors.keys()
        foreign = there - self.written - set(asked)
        if foreign:
            told.append(
                f"{_n(len(foreign), 'answer')} to requests that are neither asked now nor in a "
                "file of requests here"
            )
        failed = sorted(self.errors.keys() & set(asked))
        if failed:
            said = self.errors[failed[0]]
            told.append(
                f"{_n(len(failed), 'request')} came back with an error, and must be sent again; "
                f"the first: {said}"
            )
        return told

    def _read(self, path: Path) -> None:
        with path.open("rb") as file:
            start = 0
            for line in file:
                if line.strip(b" \t\r\n" + _BOM):
                    self._take(path, start, line)
                start += len(line)

    def _take(self, path: Path, start: int, line: bytes) -> None:
        custom_id, reply = read_line(line)
        if custom_id is None:
            self.n_broken[path.name] += 1
        elif reply.fault is None:
            self.n_again += custom_id in self.places
            self.places.setdefault(custom_id, (path, start))
            self.refused.pop(custom_id, None)
            self.errors.pop(custom_id, None)
        elif custom_id not in self.places:
            self._take_fault(custom_id, reply.fault, (path, start))

    def _take_fault(self, custom_id: str, fault: ChatFault, place: tuple[Path, int]) -> None:
        if fault.kind == "request":
            self.refused.setdefault(custom_id, place)
            self.errors.pop(custom_id, None)
        elif custom_id not in self.refused:
            self.errors[custom_id] = fault.message


def read_line(line: bytes) -> tuple[str | None, ChatReply]:
    """Return whose answer a line is, and what it says; nothing raises.

    The response is taken with the envelope ``{status_code, body}`` and without it, and also where
    the line itself is the body with a ``custom_id``.

    Args:
        line: Of a file of answers.

    Returns:
        No id where the line is no answer at all.
    """
    try:
        said = json.loads(line.removeprefix(_BOM))
    except (ValueError, RecursionError):
        said = None
    custom_id = said.get("custom_id") if isinstance(said, dict) else None
    if not isinstance(custom_id, str):
        return None, ChatReply(fault=ChatFault("malformed", "The line is no answer."))
    return custom_id, _reply(said)


def _reply(said: dict[str, Any]) -> ChatReply:
    response = said.get("response")
    if response is None and "choices" in said:
        response = said
    status: Any = _OK
    if isinstance(response, dict) and "choices" not in response:
        status, response = response.get("status_code", _OK), response.get("body")
    error = said.get("error") or None
    is_status = isinstance(status, int) and not isinstance(status, bool)
    if is_status and status != _OK:
        has_words = isinstance(response, dict) and bool(response.get("error"))
        return read_refusal(status, response if has_words or error is None else {"error": error})
    if error is not None and not (isinstance(response, dict) and response.get("choices")):
        return read_refusal(_OK, {"error": error})
    return read_reply(response)


def _n(n: int, noun: str) -> str:
    return f"1 {noun}" if n == 1 else f"{n:,} {noun}s"
