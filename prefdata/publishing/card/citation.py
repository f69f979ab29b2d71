"""How to cite the dataset and each of its sources: CITATION.cff, and an entry of BibTeX."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from prefdata.publishing.card.bibtex import Entry, Name, read_bibtex, split_names
from prefdata.publishing.card.plain_yaml import written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prefdata.publishing.facts import Facts, SourceFacts

__all__ = ["citation_text", "dataset_citation", "references"]

_HUB = "https://huggingface.co/datasets"
_TYPES = {
    "article": "article",
    "book": "book",
    "conference": "conference-paper",
    "dataset": "data",
    "inproceedings": "conference-paper",
    "mastersthesis": "thesis",
    "online": "website",
    "phdthesis": "thesis",
    "proceedings": "proceedings",
    "software": "software",
    "techreport": "report",
    "unpublished": "unpublished",
}
# The patterns of the schema of CFF 1.2.0: what does not match would make the file invalid.
_DOI = re.compile(r"10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-.()\[\]\\]+")
_URL = re.compile(r"https?://\S+")
_ARXIV = re.compile(r"arXiv:\s*(\d{4}\.\d{4,5})", flags=re.IGNORECASE)
_SPDX = re.compile(r"(?!NOASSERTION$|LicenseRef-)[A-Za-z0-9.+-]+")


def citation_text(facts: Facts) -> str:
    """Return CITATION.cff.

    A licence is given where it is a single one: CFF reads several as a choice, and here all of
    them hold. References are the sources, then the works that they ask to cite; a citation that is
    no BibTeX stays a note of its source.

    References:
        Druskat et al. (2021), *Citation File Format*, version 1.2.0.
    """
    value: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, please cite it and its sources.",
        "type": "dataset",
        "title": facts.texts.title,
        "authors": _publishers(facts),
        "version": facts.version,
    }
    if summary := facts.texts.summary.strip():
        value["abstract"] = summary
    if _SPDX.fullmatch(facts.license):
        value["license"] = facts.license
    if facts.repo_id:
        value["repository"] = f"{_HUB}/{facts.repo_id}"
        value["license-url"] = f"{_HUB}/{facts.repo_id}/blob/{facts.version}/LICENSES.md"
    if _URL.fullmatch(facts.texts.homepage):
        value["url"] = facts.texts.homepage
    if facts.tags:
        value["keywords"] = list(facts.tags)
    if found := references(facts.sources):
        value["references"] = found
    return written(value)


def references(sources: Sequence[SourceFacts]) -> list[dict[str, Any]]:
    """Return a reference for each source, then one for each work that sources ask to cite."""
    entries: dict[str, Entry] = {}
    for source in sources:
        for entry in _entries(source):
            entries.setdefault(entry.key, entry)
    return [*map(_dataset, sources), *(_work(entry) for entry in entries.values())]


def dataset_citation(facts: Facts) -> str:
    """Return an entry of BibTeX for the dataset itself; it has no year, which nobody counted."""
    owner = facts.repo_id or facts.texts.title
    key = re.sub(r"[^a-z0-9]+", "-", owner.lower()).strip("-") or "dataset"
    fields = {
        "title": f"{{{_bare(facts.texts.title)}}}",
        "author": " and ".join(
            f"{{{_bare(author)}}}" if "," not in author else _bare(author)
            for author in facts.texts.authors or (_owner(facts.repo_id),)
        ),
        "version": _bare(facts.version),
    }
    if facts.repo_id:
        fields["url"] = f"{_HUB}/{facts.repo_id}"
    listed = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{{key},\n{listed}\n}}"


def _publishers(facts: Facts) -> list[dict[str, str]]:
    """Return the authors: a name with a comma is a person's, any other may be an institute's."""
    authors = facts.texts.authors or (_owner(facts.repo_id),)
    return [_listed(author) for author in authors]


def _listed(author: str) -> dict[str, str]:
    family, comma, given = (part.strip() for part in author.partition(","))
    if comma and family and given:
        return {"family-names": family, "given-names": given}
    return {"name": author}


def _owner(repo: str | None) -> str:
    return repo.partition("/")[0] if repo else "not known"


def _bare(text: str) -> str:
    """Return a text without what BibTeX would read."""
    return " ".join(re.sub(r"[{}\\]", " ", text).split())


def _entries(source: SourceFacts) -> tuple[Entry, ...]:
    """Return the entries of a citation; none where it is a sentence, or cannot be trusted."""
    try:
        found = read_bibtex(source.citation or "")
        for entry in found:
            _work(entry)
    except ValueError:
        return ()
    return found


def _dataset(source: SourceFacts) -> dict[str, Any]:
    reference: dict[str, Any] = {
        "type": "data",
        "title": source.title,
        "authors": [{"name": _owner(source.repo)}],
    }
    if source.doi and _DOI.fullmatch(source.doi):
        reference["doi"] = source.doi
    if source.homepage and _URL.fullmatch(source.homepage):
        reference["url"] = source.homepage
    if source.revision:
        reference["version"] = source.revision
    if source.citation and not _entries(source):
        reference["notes"] = source.citation.strip()
        reference |= _arxiv(source.citation)
    return reference


def _work(entry: Entry) -> dict[str, Any]:
    """Return the reference of an entry.

    Raises:
        ValueError: If it has no title, or holds a command that is not known.
    """
    title = entry.text("title")
    if title is None:
        message = f"the entry {entry.key!r} has no title"
        raise ValueError(message)
    authors = [_author(name) for name in split_names(entry.fields.get("author", ""))]
    return {
        "type": _TYPES.get(entry.type, "generic"),
        "title": title,
        "authors": authors or [{"name": "not known"}],
        **dict(_details(entry)),
    }


def _details(entry: Entry) -> Iterator[tuple[str, Any]]:
    year = entry.text("year") or ""
    if re.fullmatch(r"\d{4}", year):
        yield "year", int(year)
    doi = (entry.text("doi") or "").removeprefix("https://doi.org/")
    if _DOI.fullmatch(doi):
        yield "doi", doi
    if journal := entry.text("journal"):
        yield "journal", journal
    if conference := entry.text("booktitle"):
        yield "conference", {"name": conference}
    if (entry.text("archiveprefix") or "").lower() == "arxiv":
        yield from _arxiv(f"arXiv:{entry.text('eprint')}").items()
    elif _URL.fullmatch(url := entry.text("url") or ""):
        yield "url", url


def _author(name: Name) -> dict[str, str]:
    if not name.is_person:
        return {"name": name.family}
    given = {"given-names": name.given} if name.given else {}
    return {"family-names": name.family, **given}


def _arxiv(text: str) -> dict[str, Any]:
    found = _ARXIV.search(text)
    if found is None:
        return {}
    return {
        "identifiers": [{"type": "other", "value": f"arXiv:{found[1]}"}],
        "url": f"https://arxiv.org/abs/{found[1]}",
    }
