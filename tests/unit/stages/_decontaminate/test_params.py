from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prefdata.protocols import EmbedderParams
from prefdata.stages.decontaminate import Decontaminate, decontaminate

__all__: list[str] = []


def test_parameters_name_files_and_model_and_the_tables_that_are_read() -> None:
    one = {"name": "a", "files": ["x.csv", "y.csv"]}
    both = [one, {"name": "b", "files": "x.csv"}]
    params = _params(evaluations=both, subjects=["responses"], model="some/model")
    assert params.outside().files == ("x.csv", "y.csv")
    assert params.outside().models == ()
    assert params.reads(decontaminate.reads) == ("responses",)
    semantic = _params(evaluations=[one], semantic=True, model="some/model")
    (model,) = semantic.outside().models
    assert isinstance(model, EmbedderParams)
    assert model.model == "some/model"
    of_source = _params(evaluations=[{"name": "a", "source": "s"}], subjects=["responses"])
    assert of_source.reads(decontaminate.reads) == ("prompts", "responses")


def _params(**given: Any) -> Decontaminate:
    return Decontaminate.model_validate(given)


@pytest.mark.parametrize(
    "params",
    [
        {"evaluations": []},
        {"evaluations": [{"name": "a"}]},
        {"evaluations": [{"name": "a", "files": "x", "source": "s"}]},
        {"evaluations": [{"name": "a", "source": "s", "columns": ["q"]}]},
        {"evaluations": [{"name": "a", "files": "x"}, {"name": "a", "files": "y"}]},
        {"evaluations": [{"name": "a", "files": "x"}], "ngram_sizes": [], "exact": False},
        {"evaluations": [{"name": "a", "files": "x"}], "ngram_sizes": [1]},
    ],
)
def test_parameters_that_make_no_sense_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Decontaminate.model_validate(params)
