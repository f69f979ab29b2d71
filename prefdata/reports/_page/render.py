"""One self-contained HTML file: nothing is loaded, nothing runs, and every value is escaped."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import MissingExtraError
from prefdata.reports._page.texts import count, score, share

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["render"]

_OWN = Path(__file__).parent / "templates"


def render(template: Path, values: Mapping[str, Any]) -> str:
    """Fill a template that extends ``skeleton.html.j2``.

    A template finds those beside it and the shared ones: ``skeleton.html.j2`` with the blocks
    ``header`` and ``main`` and the variable ``title``, and the macros of ``parts.html.j2``.

    Args:
        template: The template's file.
        values: Its variables; one that is missing is an error.

    Raises:
        MissingExtraError: If jinja2 is not installed.
    """
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise MissingExtraError("A report", extra="report") from error
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, _OWN]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(count=count, score=score, share=share, base64=_base64)
    style = (_OWN / "style.css").read_text(encoding="utf-8")
    return environment.get_template(template.name).render(**values, style=style)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
