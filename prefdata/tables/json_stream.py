"""Parse one large JSON value piece by piece, so that memory holds one item and not the file."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, Any, Self

from prefdata.tables.raw import drift, open_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from prefdata.tables.bundle import RawFile

__all__ = ["JsonCursor"]

_SPACE = re.compile(r"[ \t\r\n]*")
_AFTER_A_VALUE = frozenset(",]}: \t\r\n")
_READ_BYTES = 4 << 20
_MAX_ITEM_CHARACTERS = 256 << 20


class JsonCursor:
    """Reads one JSON text from a file (plain or compressed) from its start to its end.

    Every method raises `SourceDriftError` when the text is not what it is read as, is not UTF-8,
    or breaks off.
    """

    def __init__(self, raw: RawFile, *, read_bytes: int = _READ_BYTES) -> None:
        self._file = raw.name
        self._stream = open_bytes(raw.path, file=raw.name)
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._json = json.JSONDecoder()
        self._read_bytes = read_bytes
        self._text = ""
        self._position = 0
        self._is_at_end = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def peek(self) -> str:
        """Return the next character that is not white space; empty at the end of the file."""
        while True:
            match = _SPACE.match(self._text, self._position)
            self._position = match.end() if match else self._position
            if self._position < len(self._text) or not self._refill():
                return self._text[self._position : self._position + 1]

    def expect(self, character: str) -> None:
        """Step over one character, which must come next."""
        found = self.peek()
        if found != character:
            shown = f"{found!r} stands" if found else "the file ends"
            raise drift(
                f"It is not the JSON expected: {shown} in place of {character!r}.", file=self._file
            )
        self._position += 1

    def value(self) -> Any:
        """Read the value that comes next."""
        return self._next()[0]

    def _next(self) -> tuple[Any, str]:
        """Read the value that comes next, and return it with its text."""
        self.peek()
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._position)
            except RecursionError as error:
                raise drift("The JSON nests too deeply.", file=self._file) from error
            except ValueError as error:
                if self._refill():
                    continue
                raise drift(f"The JSON breaks off: {error}", file=self._file) from error
            # A number may go on beyond what was read so far: `0` may be the beginning of `0.5`.
            if self._text[end : end + 1] not in _AFTER_A_VALUE and self._refill():
                continue
            text = self._text[self._position : end]
            self._position = end
            return value, text

    def items(self) -> Iterator[Any]:
        """Read an array, item by item."""
        for value, _ in self._items():
            yield value

    def item_texts(self) -> Iterator[str]:
        """Read an array, and yield the text of each item as it stands there."""
        for _, text in self._items():
            yield text

    def _items(self) -> Iterator[tuple[Any, str]]:
        self.expect("[")
        if self.peek() == "]":
            self.expect("]")
            return
        while True:
            yield self._next()
            if self.peek() == "]":
                self.expect("]")
                return
            self.expect(",")

    def fields(self) -> Iterator[str]:
        """Read an object, key by key; the caller reads each value before it asks for more."""
        self.expect("{")
        if self.peek() == "}":
            self.expect("}")
            return
        while True:
            key = self.value()
            if not isinstance(key, str):
                raise drift(f"A key of the JSON object is {str(key)[:40]!r}.", file=self._file)
            self.expect(":")
            yield key
            if self.peek() == "}":
                self.expect("}")
                return
            self.expect(",")

    def finish(self) -> None:
        """Make sure that nothing follows."""
        if self.peek():
            raise drift("Something follows after the end of the JSON.", file=self._file)

    def _refill(self) -> bool:
        """Read on; False at the end of the file."""
        if self._is_at_end:
            return False
        pending = len(self._text) - self._position
        if pending > _MAX_ITEM_CHARACTERS:
            raise drift(
                f"One item is longer than {_MAX_ITEM_CHARACTERS} characters.", file=self._file
            )
        try:
            # What is pending will be parsed again from its start: reading at least as much more
            # keeps the sum of that work linear.
            block = self._stream.read(max(self._read_bytes, pending))
            more = self._decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise drift(f"The file is not UTF-8: {error}", file=self._file) from error
        except (OSError, EOFError) as error:
            raise drift(
                f"The compressed stream is damaged or cut: {error}", file=self._file
            ) from error
        self._is_at_end = not block
        self._text = self._text[self._position :] + more
        self._position = 0
        return not self._is_at_end or bool(more)
