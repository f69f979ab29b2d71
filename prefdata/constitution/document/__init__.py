"""A constitution as a file: for people as Markdown, for programs and people as YAML."""

from __future__ import annotations

from prefdata.constitution.document.made import documents
from prefdata.constitution.document.markdown import write_markdown
from prefdata.constitution.document.model import Document, DocumentPrinciple, Reconstruction
from prefdata.constitution.document.reading import read_document
from prefdata.constitution.document.writing import write_yaml

__all__ = [
    "Document",
    "DocumentPrinciple",
    "Reconstruction",
    "documents",
    "read_document",
    "write_markdown",
    "write_yaml",
]
