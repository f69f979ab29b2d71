from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from prefdata.core.errors import UnknownNameError
from prefdata.fetch.cards import card_names
from prefdata.publishing.licences.terms import (
    _Table,
    _table,
    condition_of,
    describes_a_reader,
    origin_of,
    terms_called,
    terms_table,
)
from prefdata.sources._ultrafeedback.tables import MODELS as PUBLISHED_ULTRAFEEDBACK
from prefdata.testing.world import multipref, prism_tables, ultrafeedback

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.publishing.facts import SourceFacts

__all__: list[str] = []

_TERMS = {"unknown": {"title": "T", "level": "warn", "text": "T.", "url": None}}
_REST: dict[str, object] = {"unnamed": {}, "conditions": [], "readers": []}

_NAMES = sorted(
    {*prism_tables.MODELS, *ultrafeedback.MODELS, *PUBLISHED_ULTRAFEEDBACK, *multipref._MODELS}
)


@pytest.mark.parametrize("model", _NAMES)
def test_every_model_that_the_sources_name_has_a_provider_and_terms(model: str) -> None:
    origin = origin_of(model)
    assert origin.provider is not None
    assert terms_called(origin.terms).name != "unknown"


@pytest.mark.parametrize(
    ("terms", "models"),
    [
        ("openai", ("gpt-4 gpt-3.5-turbo gpt-4-1106-preview gpt-4-turbo-2024-04-09 GPT4 o3-mini "
         "text-davinci-003 openai/gpt-5")),
        ("anthropic", "claude-2 claude-instant-1 anthropic/claude-3-opus"),
        ("google", "bard models/chat-bison-001 gemini-1.5-pro palm-2"),
        ("llama-1", ("alpaca-7b vicuna-33b ultralm-65b wizardlm-7b timdettmers/guanaco-33b-merged "
         "llama-7b")),
        ("llama-2", ("meta-llama/Llama-2-70b-chat-hf wizardlm-70b allenai/tulu-2-70b "
         "vicuna-13b-v1.5")),
        ("llama-3", "meta-llama/Meta-Llama-3-70B-Instruct llama3-8b"),
        ("llama-3.1", ("meta-llama/Llama-3.1-8B-Instruct Llama-3.3-70B Llama-4-Scout "
         "DeepSeek-R1-Distill-Llama-8B allenai/Llama-3.1-Tulu-3-8B")),
        ("gemma", "google/gemma-2-9b-it gemma-3-4b-it gemma-4b"),
        ("qwen", "Qwen/Qwen2.5-72B-Instruct"),
        ("tongyi-qianwen", "Qwen1.5-72B-Chat Qwen/Qwen-7B-Chat"),
        ("mistral", "mistral-large-2407"),
        ("falcon", "tiiuae/falcon-180B-chat"),
        ("cohere", "command command-nightly CohereForAI/c4ai-command-r-plus"),
        ("aleph-alpha", "luminous-supreme-control"),
        ("noncommercial-weights", "mpt-30b-chat Qwen2.5-3B-Instruct"),
        ("bigcode-openrail-m", "starchat"),
        ("open-weights", ("mistralai/Mistral-7B-Instruct-v0.1 HuggingFaceH4/zephyr-7b-beta "
         "pythia-12b falcon-40b-instruct google/flan-t5-xxl gemma-4-27b Qwen/Qwen3-8B gpt2 "
         "gpt-oss-120b allenai/OLMo-7B")),
        ("people", "human"),
        ("unknown", "example/small-2 palmyra qwen-max recommander"),
    ],
)  # fmt: skip
def test_names_of_models_mean_the_terms_of_their_family(terms: str, models: str) -> None:
    assert {model: origin_of(model).terms for model in models.split()} == dict.fromkeys(
        models.split(), terms
    )


def test_a_name_is_compared_without_case_and_separators() -> None:
    assert origin_of("  GPT 4 ") == origin_of("gpt_4") == origin_of("gpt-4")


def test_red_team_transcripts_name_models_by_how_they_were_trained() -> None:
    names = ["plain lm 2.7B", "prompted lm 52B", "context distilled 52.0", "rejection sampling 13B"]
    assert {origin_of(name).terms for name in names} == {"anthropic-research"}


@pytest.mark.parametrize("model", [None, "", "  "])
def test_a_model_that_is_not_named_is_unknown_but_where_the_publisher_says_whose(
    model: str | None,
) -> None:
    assert origin_of(model, "community-alignment").terms == "unknown"
    assert origin_of(model).terms == "unknown"
    assert origin_of(model, "hh-rlhf").provider == "Anthropic"


def test_no_pattern_stands_where_an_earlier_one_takes_all_its_names() -> None:
    used = {origin_of(model).terms for model in _NAMES}
    assert used <= {one.name for one in terms_table()}
    assert {line.terms for line in _table().models} >= used


def test_terms_that_there_are_not_are_named() -> None:
    with pytest.raises(UnknownNameError, match="openia"):
        terms_called("openia")


def test_conditions_hold_for_a_source_under_another_name_too(
    facts_of: Callable[..., dict[str, SourceFacts]],
) -> None:
    facts = replace(facts_of("prism")["prism"], name="opinions")
    assert condition_of("opinions", facts) == condition_of("prism")
    assert condition_of("opinions") is None


def test_a_text_tells_a_condition_when_it_has_its_words() -> None:
    condition = condition_of("prism")
    assert condition is not None
    assert condition.is_told_by("I will not try to RE-IDENTIFY anybody.")
    assert condition.is_told_by(condition.text)
    assert not condition.is_told_by("I agree to the terms.")


def test_only_cards_of_ways_to_read_name_no_author() -> None:
    readers = {name for name in card_names() if describes_a_reader(name)}
    assert readers == {"annotated-pairs", "mapped", "trl"}


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"terms": _TERMS, "models": [{"provider": None, "terms": "lost", "names": ["a"]}]},
         "no such terms: lost"),
        ({"terms": _TERMS, "models": [{"provider": None, "terms": "unknown", "names": ["("]}]},
         "is no pattern"),
        ({"terms": None, "models": []}, "terms"),
    ],
)  # fmt: skip
def test_a_wrong_table_is_refused(table: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        _Table.model_validate(table | _REST)
