"""What is published of whom, by component, and how it stands to what it is published under."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.errors import InternalError
from prefdata.publishing.licences.expressions import joined
from prefdata.publishing.licences.table import UNKNOWN
from prefdata.publishing.licences.weighing import weigh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.publishing.licences.weighing import Target, Verdict

__all__ = ["COLUMNS", "COMPONENTS", "Part", "Weighed", "parts_of", "weighed"]

COLUMNS = ("config", "source", "component", "license", "model", "n")
COMPONENTS = ("prompt", "response", "annotation", "demographics")
_NOUNS = {
    "prompt": "prompts",
    "response": "responses",
    "annotation": "annotations",
    "demographics": "rows of demographics",
}
_LEAVE_OUT = {"prompt": "[prompt]", "response": "[chosen, rejected]"}


@dataclass(frozen=True, slots=True)
class Part:
    """All rows of one component of one source in one configuration."""

    config: str
    source: str
    component: str
    licenses: Mapping[str, int]
    """Expression to rows."""
    models: Mapping[str | None, int]
    """Model to rows."""

    @property
    def where(self) -> str:
        """Where it is, as findings say it."""
        return f"{self.config}: {self.source} {self.component}"

    @property
    def leave_out(self) -> str:
        """How to leave it out, as the beginning of a sentence that goes on; empty if it cannot."""
        columns = _LEAVE_OUT.get(self.component)
        if columns is None:
            return ""
        return f"leave the columns out with `params: {{leave_out: {columns}}}`, or "

    def told(self, n: int) -> str:
        """Return a number of its rows in words."""
        return f"{n:,} {_NOUNS[self.component]} of {self.source}"


@dataclass(frozen=True, slots=True)
class Weighed:
    """A part against the licence of its configuration."""

    part: Part
    target: Target
    verdicts: tuple[tuple[Verdict, int], ...]

    def against(self, name: str) -> tuple[str, int]:
        """Return the licences that one thing stands against, and their rows."""
        found: set[str] = set()
        n = 0
        for verdict, rows in self.verdicts:
            names = getattr(verdict, name)
            found |= {one if isinstance(one, str) else one.spdx for one in names}
            n += rows if names else 0
        return joined(found), n


def weighed(part: Part, target: Target) -> Weighed:
    """Weigh a part against the licence of its configuration."""
    rows = sorted(part.licenses.items())
    return Weighed(part, target, tuple((weigh(text, target), n) for text, n in rows))


def parts_of(components: pl.DataFrame) -> list[Part]:
    """Return the parts of what is published, sorted; rows with ``n`` 0 do not count.

    Args:
        components: As `prefdata.publishing.licences.policy.check_licences` takes them.

    Raises:
        InternalError: If it lacks a column, or has a component that there is not.
    """
    if lost := [name for name in COLUMNS if name not in components.columns]:
        raise _fault(f"lack {', '.join(lost)}")
    if odd := sorted(set(components["component"]) - set(COMPONENTS)):
        raise _fault(f"have a component {odd[0]!r}")
    if any(components[name].null_count() for name in ("config", "source", "component", "n")):
        raise _fault("have a null where there may be none")
    counted = components.filter(pl.col("n") > 0).with_columns(pl.col("license").fill_null(UNKNOWN))
    parts = []
    # Tens of rows: a configuration has few sources, and each of them few licences and models.
    for key, rows in counted.group_by("config", "source", "component"):
        config, source, component = map(str, key)
        licenses, models = Counter[str](), Counter[str | None]()
        for text, model, n in rows.select("license", "model", "n").iter_rows():
            licenses[text] += n
            models[model] += n
        parts.append(Part(config, source, component, licenses, models))
    return sorted(parts, key=lambda part: (part.config, part.source, part.component))


def _fault(problem: str) -> InternalError:
    return InternalError(
        f"The components that licences are checked of {problem}.",
        where="check_licences",
        fix="Report it, with the recipe.",
    )
