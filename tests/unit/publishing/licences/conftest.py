"""What is published of the sources that ship, as their cards and lists of models say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import polars as pl
import pytest

from prefdata.fetch.cards import card
from prefdata.publishing.facts import SourceFacts
from prefdata.testing.world.prism_tables import MODELS as PRISM_MODELS
from prefdata.testing.world.ultrafeedback import MODELS as ULTRAFEEDBACK_MODELS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__: list[str] = []

_SCHEMA = {
    "config": pl.String,
    "source": pl.String,
    "component": pl.String,
    "license": pl.String,
    "model": pl.String,
    "n": pl.Int64,
}
_MODELS: Mapping[str, Sequence[str | None]] = {
    "prism": tuple(PRISM_MODELS),
    "ultrafeedback": ULTRAFEEDBACK_MODELS,
}
_JUDGES = {"ultrafeedback": "gpt-4"}
_LICENSES = {"prompt": "prompts", "response": "responses", "annotation": "judgments"}

Row = tuple[str, str, str, str | None, str | None, int]


class Published(Protocol):
    """Returns what is published of some sources."""

    def __call__(
        self, *sources: str, config: str = "default", without: Sequence[str] = ()
    ) -> pl.DataFrame:
        """Take names of sources, and components that are left out."""


def _rows(source: str, config: str) -> list[Row]:
    licenses = None if source == "scrape" else card(source).licenses
    rows: list[Row] = []
    for component, field in _LICENSES.items():
        license_ = getattr(licenses, field) if licenses else None
        models = _MODELS.get(source, (None,)) if component == "response" else (None,)
        judge = _JUDGES.get(source) if component == "annotation" else None
        rows += [(config, source, component, license_, model or judge, 100) for model in models]
    return rows


@pytest.fixture(scope="session")
def frame() -> Callable[[Sequence[Row]], pl.DataFrame]:
    """Make components of rows."""
    return lambda rows: pl.DataFrame(rows, schema=_SCHEMA, orient="row")


@pytest.fixture(scope="session")
def published(frame: Callable[[Sequence[Row]], pl.DataFrame]) -> Published:
    """Count a hundred rows of each component and model; `scrape` is a source without a card."""

    def of(*sources: str, config: str = "default", without: Sequence[str] = ()) -> pl.DataFrame:
        rows = [row for source in sources for row in _rows(source, config)]
        return frame([row for row in rows if row[2] not in without])

    return of


@pytest.fixture(scope="session")
def facts_of() -> Callable[..., dict[str, SourceFacts]]:
    """Describe sources by their cards."""

    def one(name: str) -> SourceFacts:
        said = None if name == "scrape" else card(name)
        return SourceFacts(
            name=name,
            title=said.title if said else name,
            homepage=said.homepage if said else None,
            repo=said.hub.repo if said and said.hub else None,
            revision=said.revision if said else None,
            n_rows={},
            n_rejected=0,
            n_pairs=100,
            n_published={"default": 100},
            licenses={row[2]: row[3] or "NOASSERTION" for row in _rows(name, "default")},
            terms=said.terms if said else (),
            citation=said.citation if said else None,
            doi=said.doi if said else None,
            annotators=said.annotators if said else None,
            known_issues=(),
        )

    return lambda *names: {name: one(name) for name in names}
