"""An error says what is missing, whose turn it is, and never the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prefdata.chat.book import OverBudgetError
from prefdata.chat.errors import no_access, not_all, over_budget, server_gone, unreachable
from prefdata.chat.journal import Account
from prefdata.protocols import ChatFault, ChatParams, Price

if TYPE_CHECKING:
    from prefdata.core.errors import SetupError

__all__: list[str] = []

_MODEL = ChatParams(
    model="m", key_env="MY_KEY", budget=2.5, price=Price(input=1, output=1, currency="EUR")
)
_ACCOUNT = Account("judge", "verdict", "c", "m", "s", "EUR")
_FAULT = ChatFault("server", "500: It broke.")


def test_access_names_the_variable_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    told = str(no_access(ChatFault("access", "401: No."), _MODEL, "host"))
    assert "MY_KEY" in told
    assert "401: No." in told
    assert "sk-very-secret" not in told
    assert "send_seed" in str(no_access(ChatFault("request", "400: No seed."), _MODEL, "host"))
    assert "not set" not in told
    assert "key of OpenAI" not in told


@pytest.mark.parametrize(
    ("base_url", "key_env", "is_sent"),
    [
        ("http://localhost:8000/v1", None, False),
        ("http://localhost:8000/v1", "OPENAI_API_KEY", True),
        ("https://api.openai.com/v1", None, True),
        (None, None, True),
    ],
)
def test_a_key_that_is_not_there_or_not_sent_is_told(
    base_url: str | None, key_env: str | None, is_sent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    given = {"model": "m", "base_url": base_url} | ({"key_env": key_env} if key_env else {})
    told = str(no_access(ChatFault("access", "401"), ChatParams.model_validate(given), "host"))
    assert "OPENAI_API_KEY is not set in the environment" in told
    assert ("is not sent to this server unless `key_env` names it" not in told) == is_sent


def test_an_address_is_told_without_what_may_be_secret() -> None:
    model = ChatParams(model="m", server="mine", base_url="https://me:pw@host:81/v1?key=secret")
    told = str(unreachable(_FAULT, model, "mine", 3))
    assert "could not be reached at https://host:81/v1; 3 answers" in told
    assert "reached at mine;" in str(unreachable(None, ChatParams(model="m"), "mine", 3))


@pytest.mark.parametrize(
    "error",
    [
        server_gone(_FAULT, _MODEL, "host", 1234),
        server_gone(None, _MODEL, "host", 1234),
        unreachable(_FAULT, _MODEL, "host", 1234),
        not_all([_FAULT, ChatFault("timeout", "Late.")], _MODEL, "host", 1234),
        not_all([ChatFault("missing", "Send the file.")] * 2, _MODEL, "host", 1234),
        over_budget(OverBudgetError(2.4, 0.2), _MODEL, _ACCOUNT, 1234),
    ],
)
def test_what_is_missing_is_counted_and_the_way_on_is_told(error: SetupError) -> None:
    assert "1,234 answers are missing" in str(error)
    assert "same command again" in str(error)


def test_faults_are_counted_by_kind() -> None:
    told = str(not_all([_FAULT, _FAULT, ChatFault("timeout", "Late.")], _MODEL, "host", 3))
    assert "server (2), timeout (1)" in told


def test_a_budget_says_what_was_spent_in_its_currency() -> None:
    told = str(over_budget(OverBudgetError(2.4, 0.2), _MODEL, _ACCOUNT, 3))
    assert "2.5 EUR" in told
    assert "2.4 EUR are spent" in told
    assert "this purpose (verdict) alone" in told
