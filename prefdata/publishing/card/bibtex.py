r"""Entries of BibTeX, as far as source cards hold them: read strictly, or not at all.

Macros of ``@string`` are not known, and no command of LaTeX but accents and escapes is: an entry
that needs more is an error, because a citation that was half understood would be a wrong one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Entry", "Name", "read_bibtex", "split_names"]

_HEAD = re.compile(r"\s*@\s*([A-Za-z]+)\s*\{\s*([^\s,{}()\"#%'=]+)\s*(?=[,}])")
_FIELD = re.compile(r"\s*([A-Za-z][\w-]*)\s*=\s*")
_NUMBER = re.compile(r"\d+")
_MONTH = re.compile(r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\b", flags=re.IGNORECASE)
_NOT_ENTRIES = {"string", "preamble", "comment"}

_MARKS = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    "u": "\u0306",
    ".": "\u0307",
    '"': "\u0308",
    "r": "\u030a",
    "H": "\u030b",
    "v": "\u030c",
    "d": "\u0323",
    "c": "\u0327",
    "k": "\u0328",
}
_LETTERS = {
    "aa": "å",
    "AA": "Å",
    "ae": "æ",
    "AE": "Æ",
    "oe": "œ",
    "OE": "Œ",
    "o": "ø",
    "O": "Ø",
    "l": "ł",
    "L": "Ł",
    "ss": "ß",
    "i": "\u0131",
    "j": "\u0237",
}
_ACCENT = re.compile(
    r"\\([`'^~=.\"]|[uvHcdkr](?![A-Za-z]))\s*(?:\{\s*(\\?[A-Za-z])\s*\}|(\\?[A-Za-z]))"
)
_LETTER = re.compile(r"\\([A-Za-z]+)(?:\{\}|\s+|(?![A-Za-z]))")
_ESCAPED = re.compile(r"\\([&%$#_{}])")
_BRACES = re.compile(r"[{}]")
_GROUP = re.compile(r"^\{(?:[^{}]|\{[^{}]*\})*\}$")
_DASHES = {"---": "\u2014", "--": "\u2013", "``": "\u201c", "''": "\u201d", "~": " "}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry."""

    type: str
    """In lower case, such as ``article``."""
    key: str
    fields: Mapping[str, str]
    """Name in lower case to the text as it stands, with its braces and commands."""

    def text(self, name: str) -> str | None:
        """Return a field in plain letters, or None where it is not there.

        Raises:
            ValueError: If it holds a command that is not known.
        """
        value = self.fields.get(name)
        return plain(value) if value else None


@dataclass(frozen=True, slots=True)
class Name:
    """One author; a body such as an institute has only a family name."""

    family: str
    given: str | None = None
    is_person: bool = True


def read_bibtex(text: str) -> tuple[Entry, ...]:
    """Read all entries.

    Raises:
        ValueError: If there is anything but entries, a key comes twice, or an entry is broken; the
            message says where.
    """
    entries: list[Entry] = []
    at = 0
    while text[at:].strip():
        head = _HEAD.match(text, at)
        if head is None or head[1].lower() in _NOT_ENTRIES:
            message = f"no entry begins at {text[at:].strip()[:40]!r}"
            raise ValueError(message)
        if any(entry.key == head[2] for entry in entries):
            message = f"the entry {head[2]!r} comes twice"
            raise ValueError(message)
        fields, at = _fields(text, head.end(), head[2])
        entries.append(Entry(head[1].lower(), head[2], fields))
    return tuple(entries)


def split_names(field: str) -> tuple[Name, ...]:
    """Return the authors of a field.

    Args:
        field: As it stands in the entry: names are parted by ``and`` outside braces, and braces
            around a whole name keep an institute in one piece.

    Raises:
        ValueError: If a name holds a command that is not known.
    """
    return tuple(_name(part) for part in _split(" ".join(field.split()), " and ") if part.strip())


def plain(text: str) -> str:
    r"""Return a text in plain letters: ``R{\"o}ttger`` is Röttger.

    Raises:
        ValueError: If a command is left that is neither an accent nor a letter.
    """
    held = _ESCAPED.sub(lambda found: chr(0xE000 + ord(found[1])), text)
    held = _ACCENT.sub(_accented, held)
    held = _LETTER.sub(_letter, held)
    if "\\" in held:
        message = f"the command at {held[held.index(chr(92)) :][:20]!r} is not known"
        raise ValueError(message)
    held = _BRACES.sub("", held)
    for written, meant in _DASHES.items():
        held = held.replace(written, meant)
    back = (chr(ord(one) - 0xE000) if "\ue000" <= one <= "\ue07f" else one for one in held)
    return " ".join("".join(back).split())


def _fields(text: str, at: int, key: str) -> tuple[dict[str, str], int]:
    """Return the fields that follow a key, and where the entry ends."""
    fields: dict[str, str] = {}
    while True:
        rest = re.compile(r"\s*").match(text, at)
        at = rest.end() if rest else at
        if text[at : at + 1] == "}":
            return fields, at + 1
        if text[at : at + 1] != ",":
            message = f"the entry {key!r} lacks a comma or its end at {text[at : at + 20]!r}"
            raise ValueError(message)
        name = _FIELD.match(text, at + 1)
        if name is None:
            at = at + 1
            if text[at:].lstrip()[:1] != "}":
                message = f"the entry {key!r} has no field at {text[at:].strip()[:20]!r}"
                raise ValueError(message)
            continue
        if name[1].lower() in fields:
            message = f"the entry {key!r} gives {name[1]!r} twice"
            raise ValueError(message)
        fields[name[1].lower()], at = _value(text, name.end(), key)


def _value(text: str, at: int, key: str) -> tuple[str, int]:
    """Return one value, and where it ends."""
    for pattern in (_NUMBER, _MONTH):
        if found := pattern.match(text, at):
            return found[0], found.end()
    closing = {"{": "}", '"': '"'}.get(text[at : at + 1])
    depth = 0
    for end in range(at + 1, len(text) if closing else 0):
        letter = text[end]
        if depth == 0 and letter == closing and text[end - 1] != "\\":
            return text[at + 1 : end], end + 1
        if text[end - 1] != "\\":
            depth += (letter == "{") - (letter == "}")
        if depth < 0:
            break
    message = f"the entry {key!r} has a value that cannot be read at {text[at : at + 20]!r}"
    raise ValueError(message)


def _split(text: str, at: str) -> list[str]:
    """Split outside braces."""
    parts, depth, begin = [], 0, 0
    for index, letter in enumerate(text):
        depth += (letter == "{") - (letter == "}")
        if depth == 0 and index >= begin and text.startswith(at, index):
            parts.append(text[begin:index])
            begin = index + len(at)
    return [*parts, text[begin:]]


def _name(part: str) -> Name:
    written = part.strip()
    # Nothing of it is outside braces: no word is left when they are cut out.
    is_group = written[:1] == "{" and not _GROUP.sub("", written).strip()
    if written == "others" or is_group:
        return Name(plain(written), is_person=False)
    pieces = [plain(piece) for piece in _split(written, ",")]
    if len(pieces) > 1:
        return Name(" ".join((pieces[0], *pieces[1:-1])), pieces[-1] or None)
    words = pieces[0].split()
    small = [index for index, word in enumerate(words[:-1]) if index and word[0].islower()]
    family = small[0] if small else len(words) - 1
    return Name(" ".join(words[family:]), " ".join(words[:family]) or None)


def _accented(found: re.Match[str]) -> str:
    letter = (found[2] or found[3]).lstrip("\\")
    return unicodedata.normalize("NFC", letter + _MARKS[found[1]])


def _letter(found: re.Match[str]) -> str:
    if found[1] not in _LETTERS:
        message = f"the command {found[0].strip()!r} is not known"
        raise ValueError(message)
    return _LETTERS[found[1]]
