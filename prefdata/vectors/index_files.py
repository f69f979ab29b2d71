"""The folder of an index: written whole or not at all, and checked before it is used.

```
<folder>/
  vectors.npy       (n, d) float16, unit rows
  hashes.parquet    content_hash of each row, in the same order
  index.faiss       where the plan has one
  manifest.json     written last: what the others hold, their sizes and digests
```

Files are made in a folder beside it, which then takes its name. The digests are SHA-256 of
stretches of 64 MB, which threads check side by side (1 million vectors of 384 values: 0.9 CPU-s).
Of a file above 1 GB, 16 stretches are checked, the first and the last among them, and the size:
that finds what was cut off or is of another build, though not one flipped bit in 10 GB.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from prefdata.core.errors import BackendError
from prefdata.vectors.index_plan import IndexPlan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl
    from numpy.typing import NDArray

__all__ = [
    "HASHES",
    "INDEX",
    "MANIFEST",
    "VECTORS",
    "FileFacts",
    "Manifest",
    "MeasuredRecall",
    "Refused",
    "check_folder",
    "describe_files",
    "new_folder",
    "write_hashes",
    "write_vectors",
]

VECTORS = "vectors.npy"
HASHES = "hashes.parquet"
INDEX = "index.faiss"
MANIFEST = "manifest.json"

_STRETCH_BYTES = 1 << 26
_FULL_STRETCHES = 16  # 1 GB
_READ_BYTES = 1 << 20
_N_THREADS = 4
_ROWS_AT_ONCE = 1 << 14
_ABANDONED_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Refused:
    """An index that may not be used, and why."""

    reason: str
    """A sentence without an end."""
    is_damage: bool = True
    """False where there is none yet, or it was made of something else or by another version."""


class FileFacts(BaseModel):
    """Size and digests of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_bytes: int
    sha256: tuple[str, ...]
    """Of each stretch of 64 MB; of a shorter file, its digest."""


class MeasuredRecall(BaseModel):
    """The share of true neighbours that the index finds, measured when it was built."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    k: int
    value: float
    lower: float
    upper: float
    """Bounds of the 95 % interval."""
    n_queries: int


class Manifest(BaseModel):
    """What the folder of an index holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    key: str
    """Names what was indexed: the vectors and their embedder, by the caller."""
    n: int
    dimension: int
    plan: IndexPlan
    target_recall: float
    recall: MeasuredRecall | None
    """None where the search is exact."""
    seed: int
    faiss: str | None
    """Version of faiss that wrote the index."""
    files: dict[str, FileFacts]


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of ``folder`` when the block ends well.

    A process that is killed leaves it behind; the next build here removes it after a day.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    made = folder.parent / f".{folder.name}.{uuid4().hex}.tmp"
    made.mkdir()
    try:
        yield made
        _take_place(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def write_vectors(matrix: NDArray[np.float32], path: Path) -> None:
    """Write rows in half precision, block by block.

    Raises:
        BackendError: If a value is not finite, or a row is longer than 1.
    """
    with path.open("wb") as file:
        header = {"descr": "<f2", "fortran_order": False, "shape": matrix.shape}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(matrix), _ROWS_AT_ONCE):
            rows = np.asarray(matrix[start : start + _ROWS_AT_ONCE], dtype=np.float32)
            # Not finite values fail the comparison too.
            longest = np.einsum("nd,nd->n", rows, rows).max(initial=0.0)
            if not longest <= 1.01:  # noqa: PLR2004 - one, and the rounding of half precision
                raise BackendError(
                    "The embedder gave a vector that is not finite, or longer than 1.",
                    where=f"rows {start} to {start + len(rows) - 1} of the vectors to index",
                    fix="Embed these texts again; report it if the error stays.",
                )
            file.write(rows.astype("<f2").tobytes())


def write_hashes(hashes: pl.Series, path: Path) -> None:
    """Write the hash of each row."""
    hashes.rename("content_hash").to_frame().write_parquet(path, compression="zstd")


def describe_files(folder: Path) -> dict[str, FileFacts]:
    """Return the size and digests of every file in a folder, by name."""
    facts = {}
    for path in sorted(folder.iterdir()):
        n_bytes = path.stat().st_size
        stretches = range(max(-(-n_bytes // _STRETCH_BYTES), 1))
        facts[path.name] = FileFacts(n_bytes=n_bytes, sha256=_digests(path, list(stretches)))
    return facts


def check_folder(folder: Path, *, key: str, dimension: int | None = None) -> Manifest | Refused:
    """Return the manifest of an index that may be used.

    Args:
        folder: Of the index.
        key: What should have been indexed.
        dimension: Values of a vector; any when None.

    Returns:
        The manifest, or why the index may not be used: absent, made of something else, of
        another dimension, cut off or changed.
    """
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        if folder.is_dir():
            return Refused("it is half-written")
        return Refused("there is none yet", is_damage=False)
    except (OSError, ValidationError):
        return Refused(f"its {MANIFEST} cannot be read")
    if reason := _mismatch(manifest, key, dimension):
        return Refused(reason, is_damage=False)
    if reason := _damage(folder, manifest):
        return Refused(reason)
    return manifest


def _mismatch(manifest: Manifest, key: str, dimension: int | None) -> str | None:
    """Say how an index is another than was asked for."""
    if manifest.key != key:
        return "it is stale: the vectors or their embedder changed since"
    if dimension is not None and manifest.dimension != dimension:
        return f"its vectors have {manifest.dimension} values, not {dimension}"
    return None


def _damage(folder: Path, manifest: Manifest) -> str | None:
    """Say what is wrong with the files."""
    wanted = {VECTORS, HASHES} | ({INDEX} if manifest.plan.kind != "flat" else set())
    if missing := sorted(wanted - manifest.files.keys()):
        return f"its {MANIFEST} names no {', '.join(missing)}"
    for name in sorted(manifest.files):
        if reason := _difference(folder / name, manifest.files[name]):
            return f"its {name} {reason}"
    return None


def _difference(path: Path, facts: FileFacts) -> str | None:
    """Say how a file is not what was written."""
    try:
        n_bytes = path.stat().st_size
        if n_bytes != facts.n_bytes:
            return f"has {n_bytes:,} bytes, not {facts.n_bytes:,}"
        n = len(facts.sha256)
        n_checked = min(n, _FULL_STRETCHES)
        checked = [i * (n - 1) // max(n_checked - 1, 1) for i in range(n_checked)]
        if _digests(path, checked) != tuple(facts.sha256[i] for i in checked):
            return "is not what was written"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None


def _digests(path: Path, stretches: list[int]) -> tuple[str, ...]:
    """Return the digests of some stretches of a file; hashing leaves Python's lock."""

    def digest(stretch: int) -> str:
        state = hashlib.sha256()
        left = _STRETCH_BYTES
        with path.open("rb", buffering=0) as file:
            file.seek(stretch * _STRETCH_BYTES)
            while left and (block := file.read(min(left, _READ_BYTES))):
                state.update(block)
                left -= len(block)
        return state.hexdigest()

    if len(stretches) == 1:
        return (digest(stretches[0]),)
    with ThreadPoolExecutor(_N_THREADS) as pool:
        return tuple(pool.map(digest, stretches))


def _take_place(made: Path, folder: Path) -> None:
    """Rename over a folder that may exist; a kill in between leaves none, which is rebuilt."""
    for _ in range(10):  # another build may put its folder there in between
        old = folder.parent / f".{folder.name}.{uuid4().hex}.tmp"
        with suppress(FileNotFoundError):
            folder.rename(old)
        try:
            os.replace(made, folder)  # noqa: PTH105 - Path.replace would say nothing more
        except OSError:
            if not folder.is_dir():
                raise
            continue
        finally:
            shutil.rmtree(old, ignore_errors=True)
        return


def _sweep(folder: Path) -> None:
    """Remove what killed builds left here a day ago or earlier."""
    for left in folder.parent.glob(f".{folder.name}.*.tmp"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
