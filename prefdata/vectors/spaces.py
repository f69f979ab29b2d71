"""The space of one table's texts under one embedder: an index, built when needed, never stale.

An index belongs to one content: the digests of the table's partitions and the embedder name it,
so another snapshot with the same rows uses the same one, and a changed table another. What is on
disk but damaged, half written or of another content is told and built again.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.core.errors import BackendError, UserError
from prefdata.core.events import Note, Report
from prefdata.core.fingerprint import canonical_json, digest
from prefdata.texts.normal import is_blank
from prefdata.texts.views import texts_of, view_of
from prefdata.vectors.index import build, memory_budget, open_index
from prefdata.vectors.index_files import Refused
from prefdata.vectors.index_plan import IndexPlan
from prefdata.vectors.models import FALLBACK, backend_of, is_fallback, no_corpus, resolved
from prefdata.vectors.store import VectorStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from prefdata.catalog import Catalog, Snapshot
    from prefdata.protocols import Embedder, EmbedderParams
    from prefdata.vectors.index import Index

__all__ = ["Space", "open_space"]

_KEPT = 3
"""Indexes of one table and model that stay; older ones are removed when one is built."""


@dataclass(frozen=True, slots=True)
class Space:
    """An index and the embedder that its vectors come from."""

    subject: str
    view: str
    model: str
    embedder: str
    index: Index
    open: Callable[[], Embedder]
    n_void: int
    """Distinct texts that have no vector and cannot be found."""

    @property
    def told(self) -> str:
        """How texts are compared, in words: the model, the index, what it cannot find."""
        lost = f", {self.n_void:,} without a vector" if self.n_void else ""
        return f"{self.model} ({self.index.told}{lost})"

    def query(self, text: str) -> NDArray[np.float32]:
        """Return the vector of what is searched for, ``(1, d)``.

        Raises:
            UserError: If the embedder finds nothing in the text.
        """
        found = self.open().embed([text], is_query=True)
        if found.is_void[0]:
            raise UserError(
                "The embedder finds nothing in the text.",
                where=repr(text[:60]),
                fix="Search for words.",
            )
        return found.vectors


def open_space(
    catalog: Catalog,
    snapshot: Snapshot,
    subject: str,
    view: str | None,
    model: EmbedderParams,
    report: Report,
) -> Space:
    """Open the index of a table's texts; embed what is missing and build it where needed.

    Args:
        catalog: Where the texts, the vectors and the indexes are.
        snapshot: Whose rows are meant.
        subject: Table: ``prompts`` or ``responses``.
        view: Which part of the rows; the default when None.
        model: The embedder.
        report: Where to tell progress.

    Raises:
        BackendError: If the model cannot be had.
    """
    if is_fallback(model):
        report(Note(FALLBACK))
    model = resolved(model)
    place = _place(catalog, snapshot, subject, view_of(subject, view), model)
    return _opened(place, model, report) or _built(place, model, report)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the index of one content lies, and where its texts come from."""

    catalog: Catalog
    snapshot: Snapshot
    subject: str
    view: str
    label: str
    """Digest of the table, the view and the embedder, whatever the rows."""
    key: str
    """Digest of these and the rows."""

    @property
    def root(self) -> Path:
        return self.catalog.workspace.root / "indexes"

    @property
    def folder(self) -> Path:
        return self.root / self.key

    @property
    def side(self) -> Path:
        """What must be known before the index is opened: the embedder."""
        return self.root / f"{self.key}.json"

    def texts(self) -> pl.DataFrame:
        """Return each content with words once."""
        rows = self.catalog.scan(self.subject, at=self.snapshot)
        texts = texts_of(rows, self.subject, self.view).filter(~is_blank("text"))
        return texts.unique("content_hash", keep="any").collect()

    def n_contents(self) -> int:
        """Return the number of contents, those without words too."""
        rows = self.catalog.scan(self.subject, at=self.snapshot)
        return int(rows.select(pl.col("content_hash").n_unique()).collect().item())


def _place(
    catalog: Catalog, snapshot: Snapshot, subject: str, view: str, model: EmbedderParams
) -> _Place:
    backend = backend_of(model)
    revision = None if backend.is_fitted else backend.revision(model, no_corpus)
    state = snapshot.state.table(subject)
    rows = {"/".join(key): state.partition_digest(key) for key in sorted(state.partitions)}
    label = digest(
        [backend.name, revision, model.identity(), subject, view, _device(model) is not None]
    )
    return _Place(catalog, snapshot, subject, view, label, digest([label, rows]))


def _opened(place: _Place, model: EmbedderParams, report: Report) -> Space | None:
    """Open the index that is there; None when there is none that may be used."""
    about = _read(place.side)
    if about is None:
        if place.side.exists():
            report(Note(f"the index of {place.subject} is built again: {place.side.name} is cut"))
        return None
    index = open_index(place.folder, key=place.key, device=_device(model))
    if isinstance(index, Refused):
        if index.is_damage:
            report(Note(f"the index of {place.subject} is built again: {index.reason}"))
        return None
    if index.note is not None:
        report(Note(index.note))
    folder = place.catalog.workspace.root / "models"

    def reopen() -> Embedder:
        # The texts are there for a fitted model that was lost.
        revision = str(about["revision"])
        return backend_of(model).open(model, folder, revision, place.texts, report)

    n_void = int(about["n_void"])
    return Space(
        place.subject, place.view, model.model, str(about["embedder"]), index, reopen, n_void
    )


def _built(place: _Place, model: EmbedderParams, report: Report) -> Space:
    """Embed what is missing, build the index and remove the oldest ones like it."""
    store = VectorStore(place.catalog, report)
    found = store.get(
        place.texts(), subject=place.subject, view=place.view, model=model, step="search"
    )
    device = _device(model)
    index = build(
        found.hashes,
        found.matrix,
        place.folder,
        key=place.key,
        memory_bytes=memory_budget(),
        report=report,
        step=f"index {place.subject}",
        plan=IndexPlan(kind="flat", reason=f"exact on {device}") if device else None,
    )
    if device is not None:
        index = _reopened(place, device)
    n_void = place.n_contents() - found.hashes.len()
    about = {
        "label": place.label,
        "embedder": found.embedder,
        "revision": found.revision,
        "n_void": n_void,
    }
    _write(place.side, about)
    _remove_old(place.root, place.label)
    return Space(place.subject, place.view, model.model, found.embedder, index, found.open, n_void)


def _device(model: EmbedderParams) -> str | None:
    """Return the device of torch on which all is searched exactly; None for the processor.

    Only where the user names it: to bring the vectors there for one query takes longer than to
    search an index.
    """
    return model.device if model.device.startswith("cuda") else None


def _reopened(place: _Place, device: str) -> Index:
    index = open_index(place.folder, key=place.key, device=device)
    if isinstance(index, Refused):
        raise BackendError(
            f"The index of {place.subject} was built and cannot be opened: {index.reason}.",
            where=str(place.folder),
            fix="Check the disk, and search again.",
        )
    return index


def _read(side: Path) -> dict[str, Any] | None:
    """Return what is known of an index, or None when it is absent or unreadable."""
    try:
        about = json.loads(side.read_text())
    except (FileNotFoundError, ValueError):
        return None
    is_whole = isinstance(about, dict) and {"embedder", "revision", "n_void"} <= set(about)
    return about if is_whole else None


def _write(side: Path, about: dict[str, Any]) -> None:
    side.parent.mkdir(parents=True, exist_ok=True)
    part = side.with_name(f".{side.name}.{os.getpid()}")
    part.write_text(canonical_json(about))
    part.replace(side)


def _remove_old(root: Path, label: str) -> None:
    """Remove the oldest indexes of the same table and model beyond those that stay."""
    same = [
        side for side in root.glob("*.json") if (about := _read(side)) and about["label"] == label
    ]
    for side in sorted(same, key=lambda path: path.stat().st_mtime, reverse=True)[_KEPT:]:
        side.unlink(missing_ok=True)
        shutil.rmtree(root / side.stem, ignore_errors=True)
