"""Whether damaged files are why something failed: asked afterwards, when reading went wrong.

Libraries say of a damaged file what they stumbled over, each in its words, some of them in a
panic. Files are named by the digest of their bytes, so that the one to blame can be found.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from prefdata.core.errors import DataError, PrefdataError, QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.catalog.state import CatalogState
    from prefdata.catalog.warehouse import Warehouse

__all__ = ["blamed", "damage_told"]


def blamed(error: BaseException, warehouse: Warehouse, *states: CatalogState) -> DataError | None:
    """Return what to tell where a file of a state is damaged; None where all are whole.

    Args:
        error: What went wrong. What we raise ourselves says enough.
        warehouse: Where the files are; they are read, all of them.
        states: What was read.
    """
    # Polars panics with what is no `Exception`; an interrupt is not to blame on a file.
    is_panic = type(error).__name__ == "PanicException"
    is_ours = isinstance(error, PrefdataError) and not isinstance(error, QueryError)
    if is_ours or not (isinstance(error, Exception) or is_panic):
        return None
    entries = {
        entry.path: entry
        for state in states
        for table in state.tables.values()
        for entry in table.files
    }
    for path, entry in sorted(entries.items()):
        if not warehouse.has([entry]):
            what = "is missing or has another size"
        elif warehouse.digest(entry) != entry.digest:
            what = "has other bytes than were written"
        else:
            continue
        return DataError(
            f"A data file {what}: {str(error).splitlines()[0][:200] if str(error) else 'damaged'}.",
            where=warehouse.name(path),
            fix="`prefdata verify --deep` names all such files. Ingest their sources again with "
            "--force, run the recipes again with --force, or go back: prefdata snapshot rollback.",
        )
    return None


@contextmanager
def damage_told(warehouse: Warehouse, *states: CatalogState) -> Iterator[None]:
    """Raise a `DataError` in place of what libraries raise over a damaged file of some states.

    Raises:
        DataError: If a file is damaged, and something went wrong.
    """
    try:
        yield
    except BaseException as error:
        if told := blamed(error, warehouse, *states):
            raise told from error
        raise
