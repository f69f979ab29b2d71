"""What names the answers of weights on this machine is what shapes them, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from prefdata.backends._transformers_local.identity import as_causal, identify
from prefdata.core.errors import BackendError, UserError
from prefdata.protocols import ChatParams
from prefdata.testing.causal import write_tiny_causal_lm

__all__: list[str] = []


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny model."""
    return write_tiny_causal_lm(tmp_path_factory.mktemp("tiny") / "m", width=16, layers=1)


def _params(folder: Path, **params: Any) -> ChatParams:
    return ChatParams(model=str(folder), **{"device": "cpu", **params})


def test_a_folder_may_move(tiny: Path, tmp_path: Path) -> None:
    moved = write_tiny_causal_lm(tmp_path / "elsewhere" / "m", width=16, layers=1)
    found = identify(_params(tiny))
    assert found == identify(_params(moved))
    assert found.model == "m"
    assert found.server.startswith("weights:")


def test_other_weights_have_other_answers(tiny: Path, tmp_path: Path) -> None:
    other = write_tiny_causal_lm(tmp_path / "m", width=16, layers=1, seed=1)
    assert identify(_params(tiny)).server != identify(_params(other)).server


def test_the_chat_template_shapes_answers(tiny: Path, tmp_path: Path) -> None:
    other = write_tiny_causal_lm(tmp_path / "m", width=16, layers=1, chat_template=False)
    one, two = identify(_params(tiny)), identify(_params(other))
    assert one.server == two.server
    assert one.wording != two.wording


@pytest.mark.parametrize("change", [{"dtype": "bfloat16"}, {"system": "fold"}])
def test_precision_and_system_prompt_shape_answers(tiny: Path, change: dict[str, Any]) -> None:
    assert identify(_params(tiny)) != identify(_params(tiny, **change))


def test_what_only_servers_obey_does_not_shape_answers(tiny: Path) -> None:
    assert identify(_params(tiny)) == identify(_params(tiny, structured="none", batch_size=1))
    assert identify(_params(tiny)) == identify(_params(tiny, dtype="float32"))


def test_fields_for_servers_are_refused(tiny: Path) -> None:
    with pytest.raises(UserError, match="no `extra_body`"):
        identify(_params(tiny, extra_body={"top_k": 5}))


def test_an_adapter_alone_is_refused_with_advice_for_a_chat_model(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "b"}')
    (tmp_path / "adapter_model.safetensors").write_bytes(b"")
    with pytest.raises(UserError, match="is an adapter") as caught:
        identify(_params(tmp_path))
    assert "Merge an adapter" in str(caught.value)
    assert "`adapter:" not in str(caught.value)


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="does not hold a causal language model"):
        identify(_params(tmp_path))


def test_the_model_is_read_as_one_whose_texts_are_scored(tiny: Path) -> None:
    causal = as_causal(_params(tiny, system="fold"))
    assert (Path(causal.model), causal.system, causal.template) == (tiny, "fold", "auto")
    assert "template" in json.loads(identify(_params(tiny)).wording)
