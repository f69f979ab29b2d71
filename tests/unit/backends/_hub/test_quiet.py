from __future__ import annotations

import logging
import warnings

import pytest

from prefdata.backends._hub.quiet import first_line, quietly

__all__: list[str] = []


def test_nothing_is_printed_and_everything_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with quietly() as told:
        logging.getLogger("transformers.modeling_utils").warning("weights are %s", "missing")
        warnings.warn("old", stacklevel=1)
    assert told == ["weights are missing"]
    assert capfd.readouterr() == ("", "")


def test_what_was_set_is_set_again_also_after_an_error() -> None:
    logger = logging.getLogger("transformers")
    with quietly():
        pass  # The library sets its logger up when it is imported, which this does.
    before = (list(logger.handlers), logger.propagate)
    with pytest.raises(ValueError, match="no"), quietly():
        raise ValueError("no")
    assert (logger.handlers, logger.propagate) == before


def test_an_error_is_its_first_line_or_its_type() -> None:
    assert first_line(ValueError("\none\ntwo")) == "one"
    assert first_line(ValueError()) == "ValueError"
