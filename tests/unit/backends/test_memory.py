"""Errors that mean too little memory are told from others, whatever library raised them."""

from __future__ import annotations

import pytest
import torch

from prefdata.backends._memory import free, is_out_of_memory

__all__: list[str] = []


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_too_little_memory_is_known(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), ValueError("out of range")])
def test_other_errors_are_not_it(error: Exception) -> None:
    assert not is_out_of_memory(error)


def test_a_cpu_has_nothing_to_give_back() -> None:
    assert free(torch.device("cpu")) is None  # type: ignore[func-returns-value]
