"""Our tables as Iceberg tables: created from the contracts, staged commit by commit.

Other engines (Spark, Trino, Ray, polars, DuckDB) read the same snapshots through Iceberg; our own
reads go through the state in the log, which names the same files. The staging uses two private
calls of pyiceberg, pinned below 0.13 and covered by tests.
"""

from __future__ import annotations

import contextlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa
import sqlalchemy as sa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    TableAlreadyExistsError,
    ValidationError,
    ValidationException,
)
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
    schema_to_pyarrow,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import Table, Transaction
from pyiceberg.typedef import Record

from prefdata.catalog.files import column_statistics
from prefdata.catalog.storage import COMPACT
from prefdata.catalog.store import CATALOG_NAME, NAMESPACE, moved_error
from prefdata.catalog.warehouse import open_warehouse
from prefdata.core.errors import DataError, PrefdataError
from prefdata.schema import TableSchema, arrow_schema, table_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.catalog.state import FileEntry, PartitionKey, TableState
    from prefdata.catalog.workspace import Workspace

__all__ = ["IcebergTables", "readable"]

_PROPERTIES = {
    "format-version": "2",
    "write.parquet.compression-codec": "zstd",
    "commit.retry.num-retries": "20",
    # Bounds of texts and lists prune nothing; `column_statistics` names the others.
    "write.metadata.metrics.default": "none",
}


_STAGE_ATTEMPTS = 10


class _StagingCatalog(SqlCatalog):
    """Stages a table's commit without moving its pointer."""

    def stage(self, transaction: Transaction) -> str:
        """Write the new metadata file and return its location."""
        table = transaction._table  # noqa: SLF001
        staged = self._update_and_stage_table(
            table,
            table.name(),
            transaction._requirements,  # noqa: SLF001
            transaction._updates,  # noqa: SLF001
        )
        self._write_metadata(staged.metadata, staged.io, staged.metadata_location)
        return str(staged.metadata_location)


class IcebergTables:
    """The Iceberg side of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        """Connect to the catalog's database; creates pyiceberg's own tables there if absent."""
        self.warehouse = open_warehouse(workspace)
        self._catalog = _StagingCatalog(
            CATALOG_NAME,
            uri=workspace.uri,
            warehouse=self.warehouse.address,
            **self.warehouse.properties(),
        )
        self._ensured: set[str] = set()
        # Another writer, or an earlier run, may have been first; the namespace is what we want.
        with contextlib.suppress(NamespaceAlreadyExistsError):
            self._catalog.create_namespace(NAMESPACE)

    def ensure(self, name: str) -> Table:
        """Load a table; create it when its contract is new, add columns that it gained."""
        schema = table_schema(name)
        if name not in self._ensured:
            with self.warehouse.guarded():
                if (NAMESPACE, name) not in self._catalog.list_tables(NAMESPACE):
                    self._create(schema)
                table = self._evolve(schema)
            self._ensured.add(name)
            return table
        return self.load(name)

    def _create(self, schema: TableSchema) -> None:
        location = self.warehouse.uri(schema.table)
        try:
            with (
                self._catalog.create_table_transaction(
                    (NAMESPACE, schema.table),
                    _file_schema(schema),
                    location=location,
                    properties={
                        **_PROPERTIES,
                        **{
                            f"write.metadata.metrics.column.{column}": "truncate(16)"
                            for column in column_statistics(schema)
                        },
                        "comment": schema.grain,
                    },
                ) as transaction,
                transaction.update_spec() as spec,
            ):
                for column in schema.partition_by:
                    spec.add_identity(column)
        except (TableAlreadyExistsError, CommitFailedException):
            # Another writer created it in the meantime, from the same contract.
            if not self._catalog.table_exists((NAMESPACE, schema.table)):
                raise

    def _evolve(self, schema: TableSchema) -> Table:
        table = self.load(schema.table)
        known = {field.name for field in table.schema().fields}
        if all(name in known for name in schema.column_names):
            return table
        with table.update_schema() as update:
            update.union_by_name(_file_schema(schema))
        return self.load(schema.table)

    def load(self, name: str) -> Table:
        """Load a table at its current pointer.

        Raises:
            SetupError: If its metadata is not where it was written: the workspace was moved.
            DataError: If its metadata is damaged.
        """
        try:
            with self.warehouse.guarded(), readable(name):
                return self._catalog.load_table((NAMESPACE, name))
        except FileNotFoundError as error:
            if self.warehouse.is_remote:
                # That it lies in this warehouse was checked before; see `Store.check_place`.
                from prefdata.catalog._objects.errors import missing_file

                raise missing_file(str(error)) from error
            raise moved_error(str(error)) from error

    def arrow(self, table: Table) -> pa.Schema:
        """Return the Arrow schema with field ids, for the Parquet writer."""
        return schema_to_pyarrow(table.schema())

    def stage(
        self, table: Table, before: TableState, after: dict[PartitionKey, tuple[FileEntry, ...]]
    ) -> str | None:
        """Stage the change of a table's files; return the new metadata location.

        Files that stay are left alone; None means that nothing changes.
        """
        old = {f.path: (key, f) for key, files in before.partitions.items() for f in files}
        new = {f.path: (key, f) for key, files in after.items() for f in files}
        gone = [old[path] for path in sorted(old.keys() - new.keys())]
        come = [new[path] for path in sorted(new.keys() - old.keys())]
        if not gone and not come:
            return None
        for _ in range(_STAGE_ATTEMPTS):
            # Threads of pyiceberg share one evaluator of manifests, which is no thread's own: now
            # and then it tells one of them that a file is not there. pyiceberg notices that
            # before anything is written, and the next time goes well.
            with contextlib.suppress(ValidationException), readable(table.name()[-1]):
                return self._staged(table, gone, come)
        raise _damaged(table.name()[-1], f"not all of {len(gone)} files are in it")

    def _staged(
        self,
        table: Table,
        gone: list[tuple[PartitionKey, FileEntry]],
        come: list[tuple[PartitionKey, FileEntry]],
    ) -> str:
        with self.warehouse.guarded():
            transaction = Transaction(table, autocommit=False)
            snapshot = transaction.update_snapshot()
            if gone:
                with snapshot.overwrite() as overwrite:
                    for key, entry in gone:
                        overwrite.delete_data_file(self._data_file(table, key, entry))
                    for key, entry in come:
                        overwrite.append_data_file(self._data_file(table, key, entry))
            else:
                with snapshot.fast_append() as append:
                    for key, entry in come:
                        append.append_data_file(self._data_file(table, key, entry))
            return self._catalog.stage(transaction)

    def _data_file(self, table: Table, key: PartitionKey, entry: FileEntry) -> DataFile:
        schema = table.schema()
        statistics = data_file_statistics_from_parquet_metadata(
            parquet_metadata=self.warehouse.parquet_metadata(entry),
            stats_columns=compute_statistics_plan(schema, table.properties),
            parquet_column_mapping=parquet_path_to_id_mapping(schema),
        )
        data_file = DataFile.from_args(
            content=DataFileContent.DATA,
            file_path=self.warehouse.uri(entry.path),
            file_format=FileFormat.PARQUET,
            # Beside a source's own rows, Iceberg knows nothing of the step that wrote others.
            partition=Record(*key[: len(table.spec().fields)]),
            file_size_in_bytes=entry.bytes,
            sort_order_id=None,
            equality_ids=None,
            key_metadata=None,
            **statistics.to_serialized_dict(),
        )
        data_file.spec_id = table.metadata.default_spec_id
        return data_file


@contextmanager
def readable(name: str, place: str = "") -> Iterator[None]:
    """Tell a table's metadata that cannot be read from a bug: pyiceberg raises what it may.

    Args:
        name: The table.
        place: The file, where it is known.

    Raises:
        DataError: In place of what a decoder stumbled over.
    """
    try:
        yield
    except (PrefdataError, OSError, sa.exc.SQLAlchemyError):
        raise
    except Exception as error:
        # Of its own errors, this one is about what stands in the file.
        if type(error).__module__ == "pyiceberg.exceptions" and not isinstance(
            error, ValidationError
        ):
            raise
        said = f"{type(error).__name__}: {str(error)[:200]}"
        raise _damaged(name, said, place=place) from error


def _damaged(name: str, said: str, *, place: str = "") -> DataError:
    return DataError(
        f"Iceberg's metadata of {name} is damaged: {' '.join(said.split())}.",
        where=place or f"{name}/metadata in the warehouse",
        fix="Queries still work. `prefdata verify` names the file: restore it, or ingest into a "
        "new workspace, made with `prefdata init FOLDER`.",
    )


def _file_schema(schema: TableSchema) -> pa.Schema:
    """Return the columns as the files hold them; descriptions stay in the contracts."""
    optional = COMPACT.get(schema.table)
    return pa.schema(
        [
            (
                field.with_nullable(nullable=True) if field.name == optional else field
            ).remove_metadata()
            for field in arrow_schema(schema)
        ]
    )
