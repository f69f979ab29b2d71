"""Names of people in texts, by presidio with a language model of spaCy; the extra `pii`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import polars as pl

from prefdata.core.errors import BackendError, MissingExtraError
from prefdata.privacy.find import FOUND

__all__ = ["NAME_KIND", "NameFinder"]

NAME_KIND = "person-name"
"""The kind of its finds, beside those of ``patterns.yaml``."""


class NameFinder:
    """Finds names of people; slow (tens of texts a second), and often wrong both ways."""

    def __init__(self, model: str, language: str = "en") -> None:
        """Load the model. Nothing is downloaded.

        Args:
            model: A language model of spaCy: the name of an installed package, or a folder.
            language: Language of the model.

        Raises:
            MissingExtraError: If presidio is not installed.
            BackendError: If the model is not there.
        """
        self._language = language
        self._analyzer = _analyzer(model, language)

    def find(self, texts: pl.DataFrame) -> pl.DataFrame:
        """Find names; columns as `prefdata.privacy.find.find` takes and returns them."""
        rows = []
        # A language model reads each text by itself.
        for row, (name, text) in enumerate(texts.select("id", "text").iter_rows()):
            results = (
                self._analyzer.analyze(text, language=self._language, entities=["PERSON"])
                if text
                else []
            )
            ordered = sorted(results, key=lambda result: (result.start, -result.end))
            rows += [
                (name, row, NAME_KIND, text[one.start : one.end], one.start) for one in ordered
            ]
        schema = {"id": texts.schema["id"], **FOUND}
        return pl.DataFrame(rows, schema=schema, orient="row")


def _analyzer(model: str, language: str) -> Any:
    try:
        from presidio_analyzer import AnalyzerEngine
        from presidio_analyzer.nlp_engine import NlpEngineProvider
    except ModuleNotFoundError as error:
        raise MissingExtraError("Finding names of people", extra="pii") from error
    # Presidio would download a model that is missing, so this is asked first.
    if not Path(model).is_dir() and importlib.util.find_spec(model) is None:
        raise BackendError(
            f"There is no language model {model!r} of spaCy.",
            where="spacy_model",
            fix=f"Install it (python -m spacy download {model}), or name its folder.",
        )
    models = [{"lang_code": language, "model_name": model}]
    provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
    return AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=[language])
