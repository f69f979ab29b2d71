"""Iceberg's own files over the same connection to the object store as the data files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiceberg.io.pyarrow import PyArrowFileIO

from prefdata.catalog._objects.warehouse import file_system

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

__all__ = ["ObjectIO"]


class ObjectIO(PyArrowFileIO):
    """pyiceberg's files, with our timeouts, and one request for each small file.

    pyiceberg's own would open an upload in parts for each metadata file, which are three requests,
    and leave it open when the process is killed.
    """

    def _initialize_s3_fs(self, netloc: str | None) -> FileSystem:
        return file_system(
            netloc or "", self.properties.get("s3.endpoint"), self.properties.get("s3.region")
        )
