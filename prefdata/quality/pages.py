"""Data Docs that work without a network: an overview of our own, and the pages of the suites.

Great Expectations loads its styles and scripts from the network. Here each page keeps only its
content and gets a style and a script that are in the file itself, and a policy that lets browsers
run and load nothing else: values of the data are on these pages too.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import MissingExtraError, UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.quality.results import Validation

__all__ = ["About", "Pages", "build_pages"]

_GENERATOR = '<meta name="generator" content="prefdata validate">'
_TEMPLATES = Path(__file__).parent / "templates"
_BODY = re.compile(r"<body[^>]*>(.*)</body>", flags=re.DOTALL)
_DROPPED = re.compile(
    r"<script\b.*?</script>|<style\b.*?</style>|<link\b[^>]*>|<img\b[^>]*>|<footer\b.*?</footer>"
    r'|<nav class="navbar\b.*?</nav>\s*</div>\s*</nav>',
    flags=re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class About:
    """What was validated, for the head of the overview."""

    workspace: str
    snapshot: str
    number: int
    created_at: str
    tags: tuple[str, ...]
    sample: int | None


class Pages:
    """The pages of one validation while they are made, beside the place where they will be."""

    def __init__(self, folder: Path) -> None:
        """Begin in an empty folder."""
        self.site = folder
        self.is_finished = False

    def finish(self, validation: Validation, about: About) -> None:
        """Make the pages of Great Expectations work offline, and write the overview.

        Raises:
            MissingExtraError: If great-expectations is not installed.
        """
        shutil.rmtree(self.site / "static", ignore_errors=True)
        (self.site / "index.html").unlink(missing_ok=True)
        for page in sorted(self.site.rglob("*.html")):
            self._make_offline(page)
        text = _template("overview.html.j2").render(
            about=about,
            validation=validation,
            by_table=validation.by_table(),
            pages=self._pages(),
            facts=[result for result in validation.results if result.source is not None],
            failed=[result for result in validation.results if result.is_passed is False],
            generator=_GENERATOR,
            style=_text("style.css"),
        )
        (self.site / "index.html").write_text(text, encoding="utf-8")
        self.is_finished = True

    def _make_offline(self, page: Path) -> None:
        found = _BODY.search(page.read_text(encoding="utf-8"))
        parts = page.relative_to(self.site).parts
        is_result = parts[0] == "validations"
        script = _text("script.js")
        text = _template("suite.html.j2").render(
            title=parts[1] if is_result else Path(parts[1]).stem,
            kind="Results" if is_result else "Expectations",
            up="../" * (len(parts) - 1),
            body=_DROPPED.sub("", found.group(1)) if found else "",
            generator=_GENERATOR,
            style=_text("style.css"),
            script=script,
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
        page.write_text(text, encoding="utf-8")

    def _pages(self) -> dict[str, str]:
        """Return the page of results of each suite, relative to the overview."""
        return {
            page.relative_to(self.site).parts[1]: page.relative_to(self.site).as_posix()
            for page in sorted((self.site / "validations").rglob("*.html"))
        }


@contextmanager
def build_pages(docs: Path) -> Iterator[Pages]:
    """Make pages beside a folder; when they are finished, they take its place in one step.

    Raises:
        UserError: If the folder holds something that this did not make.
    """
    _require_ours(docs)
    docs.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{docs.name}.", dir=docs.parent))
    try:
        pages = Pages(folder)
        yield pages
        if pages.is_finished:
            _swap(folder, docs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _require_ours(docs: Path) -> None:
    if not docs.exists() or (docs.is_dir() and not any(docs.iterdir())):
        return
    index = docs / "index.html"
    if not index.is_file() or _GENERATOR not in index.read_text(encoding="utf-8", errors="replace"):
        raise UserError(
            "The folder for the pages holds something else, which would be lost.",
            where=str(docs),
            fix="Name another folder with --docs.",
        )


def _swap(folder: Path, docs: Path) -> None:
    # mkdtemp makes folders that only their owner may read; pages are for others too.
    umask = os.umask(0)
    os.umask(umask)
    folder.chmod(0o777 & ~umask)
    old = folder.with_name(f"{folder.name}.old")
    if docs.exists():
        docs.rename(old)
    folder.rename(docs)
    shutil.rmtree(old, ignore_errors=True)


def _template(name: str) -> Any:
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise MissingExtraError("Validation", extra="quality") from error
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_text(name))


def _text(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")
