"""Answers are kept under the name of their server, in which no secret ever stands."""

from __future__ import annotations

import pytest

from prefdata.backends._openai_wire.identity import address, bare_address, identify
from prefdata.core.errors import UserError
from prefdata.protocols import ChatParams

__all__: list[str] = []


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("HTTPS://Example.org/v1/?key=secret#secret", "https://example.org/v1"),
        (" http://[::1]:9/v1/ ", "http://[::1]:9/v1"),
        (None, "https://api.openai.com/v1"),
    ],
)
def test_an_address_is_shown_without_what_may_be_a_key(given: str | None, shown: str) -> None:
    assert bare_address(ChatParams(model="m", base_url=given)) == shown


@pytest.mark.parametrize(
    "given",
    ["localhost:8000", "ftp://host/v1", "http://", "http://h:x/v1", "http://Ann:pw@host/v1"],
)
def test_what_is_no_address_is_refused_without_being_repeated(given: str) -> None:
    with pytest.raises(UserError) as caught:
        bare_address(ChatParams(model="m", base_url=given))
    assert given not in str(caught.value).replace("http://localhost:8000/v1", "")


def test_the_environment_names_the_server_where_the_user_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://gpu:8000/v1/")
    assert address(ChatParams(model="m")) == "http://gpu:8000/v1"
    assert address(ChatParams(model="m", base_url="http://own/v1")) == "http://own/v1"


def test_a_name_of_the_server_stands_for_any_address() -> None:
    one = identify(ChatParams(model="m", server="lab", base_url="http://a/v1"))
    other = identify(ChatParams(model="m", server="lab", base_url="http://b/v1"))
    assert one == other
    assert one.server == "lab"
    assert one != identify(ChatParams(model="m", base_url="http://a/v1"))
