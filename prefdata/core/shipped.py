"""Find the declarative folders: in the wheel, or beside the package in a checkout."""

from __future__ import annotations

from pathlib import Path

from prefdata.core.errors import InternalError

__all__ = ["shipped_folder"]

_PACKAGE = Path(__file__).resolve().parent.parent
_PLACES = (_PACKAGE / "_shipped", _PACKAGE.parent)


def shipped_folder(name: str) -> Path:
    """Return the folder ``schemas``, ``pipelines`` or ``catalog`` that ships with prefdata.

    Raises:
        InternalError: If the installation lacks it.
    """
    for place in _PLACES:
        folder = place / name
        if folder.is_dir():
            return folder
    raise InternalError(
        f"The installation lacks the folder {name!r}.",
        where=str(_PACKAGE),
        fix="Reinstall prefdata: pip install --force-reinstall prefdata",
    )
