"""Hidden states of causal language models of transformers, with adapters, on GPU or CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.backends._causal.encode import TextReader
from prefdata.backends._causal.identity import identify, load_tokenizer
from prefdata.backends._causal.load import devices
from prefdata.backends._causal.locate import locate, locate_adapter
from prefdata.backends._causal_lm.load import load
from prefdata.backends._causal_lm.run import CausalStates
from prefdata.core.errors import BackendError
from prefdata.core.events import Note
from prefdata.protocols import HiddenStatesBackend

if TYPE_CHECKING:
    from prefdata.core.events import Report
    from prefdata.protocols import CausalIdentity, CausalParams, HiddenStates

__all__ = ["causal_lm"]


def _open(
    params: CausalParams, identity: CausalIdentity, device: str, report: Report
) -> HiddenStates:
    """Load the model, if it still is the one of that identity."""
    found = identify(params)
    if found != identity:
        raise BackendError(
            f"The model {params.model} is not the one that was asked for: it is {found}, wanted "
            f"is {identity}.",
            where=f"model: {params.model}",
            fix="Put that model back, or start again with this one.",
        )
    folder = locate(params.model)
    adapter = None if params.adapter is None else locate_adapter(params.adapter)
    reader = TextReader(load_tokenizer(folder), params, identity)
    if params.template == "auto" and reader.template == "plain":
        report(
            Note(
                f"the model {params.model} has no chat template, so texts are read as they are "
                "(`template: plain`); name the one that it was trained with, such as `hh`"
            )
        )
    backbone = load(folder, adapter, dtype=identity.dtype, device=device)
    states = CausalStates(backbone, reader, params, identity, report)
    states.settings = {**states.settings, "template": reader.template}
    return states


causal_lm = HiddenStatesBackend(
    name="causal-lm",
    summary="Causal language models through transformers, with PEFT adapters, on GPU or CPU.",
    identify=identify,
    devices=devices,
    open=_open,
)
