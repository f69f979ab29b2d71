"""What parameters name outside the tables: models, files, snapshots; found, and digested."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from prefdata.chat.models import chat_backend, chat_id
from prefdata.core.errors import FetchError, InternalError, UserError
from prefdata.core.fingerprint import digest, file_digest
from prefdata.displacement.models import causal_backend
from prefdata.fetch.locate import fetch
from prefdata.protocols import CausalParams, ChatParams, EmbedderParams, Tokenization
from prefdata.trainability.models import tokenizer_digest
from prefdata.vectors.models import backend_of, no_corpus

if TYPE_CHECKING:
    from prefdata.catalog import Catalog
    from prefdata.core.events import Report
    from prefdata.protocols import Params

__all__ = ["Found", "find_outside"]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and what it is."""

    digests: dict[str, str] = field(default_factory=dict)
    """Digest of each thing's content, for the fingerprint of the step."""
    files: dict[str, Path] = field(default_factory=dict)
    """Each file as the parameters write it, on this machine."""


def find_outside(params: Params, catalog: Catalog, report: Report) -> Found:
    """Find what parameters name outside the tables.

    Raises:
        UserError: If an address names no file or several.
        FetchError: If a file cannot be had.
        UnknownNameError: If there is no such snapshot.
        BackendError: If a model cannot be had.
    """
    named = params.outside()
    files = {name: _file(name, catalog, report) for name in named.files}
    for folder in named.folders:
        files |= _files_in(folder, catalog)
    digests = {f"file:{name}": file_digest(path) for name, path in files.items()}
    digests |= {f"snapshot:{ref}": catalog.snapshot(ref).name for ref in named.snapshots}
    # Two models may have one name, on two servers: their place tells them apart.
    digests |= {f"model:{i}": _model_digest(model) for i, model in enumerate(named.models)}
    return Found(digests, files)


def _file(name: str, catalog: Catalog, report: Report) -> Path:
    if "://" not in name:
        path = Path(name).expanduser()
        if not path.is_file():
            raise UserError(
                "There is no such file.", where=name, fix="Correct the path in the recipe."
            )
        return path
    try:
        found = fetch("evaluations", name, cache=catalog.workspace.root / "cache", report=report)
    except FetchError as error:
        error.fix = "Download the file by other means, and name its path instead."
        raise
    if len(found) != 1:
        listed = ", ".join(raw.name for raw in found[:5])
        raise UserError(
            f"One file is expected, and the address names {len(found)}: {listed}.",
            where=name,
            fix="Name each file by its own address.",
        )
    return found[0].path


def _files_in(folder: str, catalog: Catalog) -> dict[str, Path]:
    """Return the files right in a folder of the workspace, by folder and name."""
    place = catalog.workspace.root / folder
    paths = sorted(place.iterdir()) if place.is_dir() else []
    return {
        f"{folder}/{path.name}": path
        for path in paths
        if path.is_file() and not path.name.startswith(".")
    }


def _model_digest(model: Params) -> str:
    """Return what decides the result of a model, as far as it is known before texts are read.

    Raises:
        InternalError: If a stage names as a model what is none.
    """
    if isinstance(model, ChatParams):
        return chat_id(chat_backend(model).identify(model))
    if isinstance(model, CausalParams):
        causal = causal_backend()
        causal.devices(model)  # One that is not there is told before anything runs.
        return digest([causal.name, asdict(causal.identify(model))])
    if isinstance(model, Tokenization):
        return tokenizer_digest(model)
    if not isinstance(model, EmbedderParams):
        raise InternalError(
            f"{type(model).__name__} are no parameters of a model.",
            where="Params.outside().models",
            fix="Please report this to the author of the stage.",
        )
    backend = backend_of(model)
    revision = None if backend.is_fitted else backend.revision(model, no_corpus)
    return digest([backend.name, revision, model.identity()])
