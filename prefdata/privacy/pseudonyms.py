"""Names for annotators that only who holds a key can trace back.

A hash of an id hides nothing where ids can be enumerated: those of PRISM are user0 to user1499. So
the hash is keyed (HMAC, RFC 2104), and the key lies outside of everything that is published,
committed or copied with the data. One key gives the same pseudonyms in every release, so releases
can be linked; `Key.derive` gives each its own.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["KEY_FILE", "Key", "Pseudonyms", "key_path", "load_key", "pseudonyms"]

KEY_FILE = "PREFDATA_KEY_FILE"
"""Environment variable with the path of the key file, where it is not the usual one."""

_KEY_BYTES = 32
_FINGERPRINT_DIGITS, _PSEUDONYM_DIGITS = 12, 24
_OTHERS = 0o077
_PERSON = {"source": pl.String, "id": pl.String}


@dataclass(frozen=True, slots=True)
class Key:
    """A key for pseudonyms; printing it shows its fingerprint alone."""

    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """First 12 hex digits of its SHA-256, which tell keys apart and give none away."""
        return hashlib.sha256(self.secret).hexdigest()[:_FINGERPRINT_DIGITS]

    def __repr__(self) -> str:
        return f"Key(fingerprint={self.fingerprint!r})"

    def derive(self, release: str) -> Key:
        """Return the key of one release, whose pseudonyms cannot be linked with another's.

        Args:
            release: Its name, such as the id of the repository and the tag.
        """
        message = f"prefdata.release.v1|{release}".encode()
        return Key(hmac.digest(self.secret, message, "sha256"))


def key_path() -> Path:
    """Return where the key is: `KEY_FILE`, or the user's folder for configuration."""
    if named := os.environ.get(KEY_FILE):
        return Path(named).expanduser()
    if sys.platform == "win32":
        folder = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    else:
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return folder / "prefdata" / "annotators.key"


def load_key(path: Path | None = None, *, outside: Sequence[Path] = ()) -> Key:
    """Read the key; make one where there is none.

    Args:
        path: Its file; by default `key_path`.
        outside: Folders that it must not lie in: the workspace, and what is to be published.

    Raises:
        UserError: If the file lies in one of these folders or in a git repository, can be read by
            others, or holds no key.
    """
    path = (path or key_path()).expanduser()
    _refuse_place(path, outside)
    with suppress(FileExistsError):
        if not path.is_file():
            _make(path)
    if os.name == "posix" and path.stat().st_mode & _OTHERS:
        raise UserError(
            "The key of the pseudonyms can be read by others.",
            where=str(path),
            fix=f"Run `chmod 600 {path}`; make a new key if somebody may have read it.",
        )
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if not re.fullmatch(f"[0-9a-f]{{{2 * _KEY_BYTES}}}", text):
        raise UserError(
            "The file holds no key of pseudonyms: 64 hex digits.",
            where=str(path),
            fix=f"Name another file by {KEY_FILE}; one that is not there is made.",
        )
    return Key(bytes.fromhex(text))


def _refuse_place(path: Path, outside: Sequence[Path]) -> None:
    place = path.resolve()
    repositories = [folder for folder in place.parents if (folder / ".git").exists()]
    for folder in [*(folder.resolve() for folder in outside), *repositories]:
        if place.is_relative_to(folder):
            raise UserError(
                f"The key of the pseudonyms must not lie in {folder}, which others may get.",
                where=str(path),
                fix=f"Move it elsewhere, and name it by {KEY_FILE}.",
            )


def _make(path: Path) -> None:
    """Write a new key, whole or not at all, and leave alone what another process made meanwhile."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(file, "w", encoding="ascii") as stream:
            stream.write(f"{secrets.token_hex(_KEY_BYTES)}\n")
        os.link(beside, path)
    finally:
        beside.unlink()


class Pseudonyms:
    """Names people frame by frame, and works the name of each out once."""

    def __init__(self, key: Key) -> None:
        """Take the key."""
        self._key = key
        self._known = pl.DataFrame(schema={**_PERSON, "pseudonym": pl.String})

    def of(self, sources: pl.Series, ids: pl.Series) -> pl.Series:
        """Return the pseudonym of each annotator, as `pseudonyms` does."""
        named = pl.DataFrame({"source": sources, "id": ids}, schema=_PERSON)
        keys = list(_PERSON)
        new = (
            named.unique(maintain_order=True)
            .drop_nulls("id")
            .join(self._known, on=keys, how="anti", nulls_equal=True)
        )
        # Annotators are thousands where pairs are millions, and no expression knows a keyed hash.
        names = [
            hmac.digest(
                self._key.secret,
                f"prefdata.annotator.v1|{source or ''}|{person}".encode(),
                "sha256",
            ).hex()[:_PSEUDONYM_DIGITS]
            for source, person in new.iter_rows()
        ]
        told = new.with_columns(pseudonym=pl.Series(names, dtype=pl.String))
        self._known = pl.concat([self._known, told], rechunk=True)
        joined = named.join(
            self._known, on=keys, how="left", nulls_equal=True, maintain_order="left"
        )
        return joined["pseudonym"].alias(ids.name)


def pseudonyms(sources: pl.Series, ids: pl.Series, key: Key) -> pl.Series:
    """Return the pseudonym of each annotator: 24 hex digits; null where the id is null.

    They are the first digits of HMAC-SHA256 of ``prefdata.annotator.v1|<source>|<id>``.

    Args:
        sources: The source of each.
        ids: Their ids, as in ``annotators.annotator_id``.
        key: The key.
    """
    return Pseudonyms(key).of(sources, ids)
