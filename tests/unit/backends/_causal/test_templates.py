from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.backends._causal.identity import load_tokenizer
from prefdata.backends._causal.templates import RefusedError, Template, template_of
from prefdata.core.errors import MissingExtraError, UserError
from prefdata.protocols import CausalParams
from prefdata.testing.causal import CHAT_TEMPLATE, write_byte_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

# As Gemma's and Llama's: no system prompt, roles that alternate, BOS, contents without the space
# around them.
STRICT = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported.') }}{% endif %}"
    "{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user') }}{% endif %}"
    "{{ '<turn>' + message['role'] + '\n' + message['content'] | trim + '<end>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<turn>model\n' }}{% endif %}"
)
CLOCK = "strftime_now"
SYSTEM = {"role": "system", "content": "Be brief."}
ASK = {"role": "user", "content": "Who?"}
ANSWER = {"role": "assistant", "content": "I."}
AGAIN = {"role": "user", "content": "Why?"}
TALK = [SYSTEM, ASK, ANSWER, AGAIN]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return load_tokenizer(write_byte_tokenizer(tmp_path_factory.mktemp("bytes")))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("bare")
    return load_tokenizer(write_byte_tokenizer(folder, chat_template=False))


def _params(**given: Any) -> CausalParams:
    return CausalParams(model="any", **given)


def _chat(tokenizer: Any, text: str, system: str = "keep") -> Template:
    return Template("chat", system, text, tokenizer)


def test_auto_is_the_chat_template_of_the_model(tokenizer: Any) -> None:
    template = template_of(_params(), tokenizer)
    assert (template.kind, template.text) == ("chat", CHAT_TEMPLATE)
    assert template.prompt(TALK) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWho?<|im_end|>\n"
        "<|im_start|>assistant\nI.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    assert template.response(" as it is ") == " as it is "


def test_auto_is_plain_where_the_model_has_no_chat_template(bare: Any) -> None:
    assert template_of(_params(), bare) == template_of(_params(template="plain"), bare)
    assert template_of(_params(), bare).prompt(TALK) == "Be brief.\n\nWho?\n\nI.\n\nWhy?"


def test_hh_is_the_transcript_of_hh_rlhf(tokenizer: Any) -> None:
    template = template_of(_params(template="hh"), tokenizer)
    assert template.prompt([ASK]) == "\n\nHuman: Who?\n\nAssistant:"
    assert template.prompt(TALK) == (
        "Be brief.\n\nHuman: Who?\n\nAssistant: I.\n\nHuman: Why?\n\nAssistant:"
    )
    assert template.response("Me.") == " Me."
    assert template.response("") == ""
    with pytest.raises(RefusedError, match="knows no role 'tool'"):
        template.prompt([ASK, {"role": "tool", "content": "4"}])


def test_a_file_is_rendered_as_the_template_of_a_model_would_be(
    tokenizer: Any, tmp_path: Path
) -> None:
    file = tmp_path / "strict.jinja"
    file.write_text(STRICT)
    template = template_of(_params(template=str(file)), tokenizer)
    assert template.prompt([ASK]) == "<|bos|><turn>user\nWho?<end>\n<turn>model\n"
    assert template.digest() == _chat(tokenizer, STRICT).digest()


def test_a_template_that_is_not_there_suggests_one_that_is(tokenizer: Any) -> None:
    with pytest.raises(UserError, match="cannot be read") as caught:
        template_of(_params(template="plan"), tokenizer)
    assert str(caught.value.fix).startswith("Did you mean 'plain'? Use one of auto, plain, hh")


def test_a_template_that_is_not_jinja_is_refused_at_once(tokenizer: Any, tmp_path: Path) -> None:
    file = tmp_path / "broken.jinja"
    file.write_text("one\n{% for x in %}")
    with pytest.raises(UserError, match="is not Jinja") as caught:
        template_of(_params(template=str(file)), tokenizer)
    assert str(caught.value.where).endswith("line 2")


def test_without_jinja_the_extra_is_named(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers.utils import chat_template_utils

    monkeypatch.setattr(chat_template_utils, "is_jinja_available", lambda: False)
    with pytest.raises(MissingExtraError):
        _chat(tokenizer, "{{ 'seen by this test alone' }}").prompt([ASK])


def test_several_templates_of_a_model_need_a_default(tokenizer: Any, bare: Any) -> None:
    bare.chat_template = {"default": "{{ 1 }}", "tools": "{{ 2 }}"}
    try:
        assert template_of(_params(), bare).prompt([ASK]) == "1"
        bare.chat_template = {"rag": "{{ 1 }}", "tools": "{{ 2 }}"}
        with pytest.raises(UserError, match="several chat templates"):
            template_of(_params(), bare)
    finally:
        bare.chat_template = None


def test_a_refusal_is_told_in_the_words_of_the_template(tokenizer: Any) -> None:
    with pytest.raises(RefusedError) as caught:
        _chat(tokenizer, STRICT).prompt([ASK, AGAIN])
    assert str(caught.value) == (
        "The template refused the messages: Conversation roles must alternate user/assistant/user."
    )


def test_a_refused_system_prompt_can_be_folded(tokenizer: Any) -> None:
    with pytest.raises(RefusedError) as caught:
        _chat(tokenizer, STRICT).prompt(TALK)
    assert str(caught.value) == (
        "The template refused the messages: System role not supported. "
        "With `system: fold` the template takes them."
    )
    folded = _chat(tokenizer, STRICT, "fold").prompt(TALK)
    assert folded is not None
    assert folded.startswith("<|bos|><turn>user\nBe brief.\n\nWho?<end>")


def test_folding_is_not_advised_where_it_does_not_help(tokenizer: Any) -> None:
    with pytest.raises(RefusedError, match=r"not supported\.$"):
        _chat(tokenizer, STRICT).prompt([SYSTEM, ASK, AGAIN])


@pytest.mark.parametrize(
    ("system", "messages", "text"),
    [
        ("drop", TALK, "Who?|I.|Why?"),
        ("fold", TALK, "Be brief.~~Who?|I.|Why?"),
        ("fold", [ASK, SYSTEM, ANSWER, AGAIN], "Who?|I.|Be brief.~~Why?"),
        ("fold", [SYSTEM, SYSTEM, ASK], "Be brief.~~Be brief.~~Who?"),
        ("fold", [SYSTEM], "Be brief."),
        ("fold", [ASK, ANSWER], "Who?|I."),
    ],
)
def test_system_prompts_are_dropped_or_folded_into_what_the_user_says_next(
    tokenizer: Any, system: str, messages: list[dict[str, str]], text: str
) -> None:
    source = "{{ messages | map(attribute='content') | join('|') }}"
    rendered = _chat(tokenizer, source, system).prompt(messages)
    assert rendered == text.replace("~~", "\n\n")


def test_no_message_is_no_text(tokenizer: Any) -> None:
    for template in (_chat(tokenizer, STRICT, "drop"), Template("hh", "drop", "", tokenizer)):
        assert template.prompt([]) is None
        assert template.prompt([SYSTEM]) is None


@pytest.mark.parametrize("pattern", ["%d %b %Y", "%Y-%m-%d", "%A, %B %-d, %y", "%F"])
def test_a_template_that_writes_the_date_writes_the_same_every_day(
    tokenizer: Any, pattern: str
) -> None:
    source = f"\n  {{% if true %}}\n {{{{ {CLOCK}('{pattern}') }}}}\n{{% endif %}}"
    template = _chat(tokenizer, source)
    day = dt.datetime(2024, 7, 26, tzinfo=dt.UTC)
    # The text around it is as without the clock, its first lines too.
    rest = _chat(tokenizer, source.replace(CLOCK, "str").replace("str(", "(")).prompt([ASK])
    assert rest is not None
    assert template.prompt([ASK]) == rest.replace(pattern, day.strftime(pattern))
    assert template.identity()["today"] == "2024-07-26"
    assert _chat(tokenizer, STRICT).identity()["today"] is None


def test_a_template_may_ask_whether_there_is_a_date(tokenizer: Any) -> None:
    source = (
        "{%- if not date_string is defined %}{%- if strftime_now is defined %}"
        "{%- set date_string = strftime_now('%d %b %Y') %}{%- endif %}{%- endif %}"
        "Today Date: {{ date_string }}"
    )
    assert _chat(tokenizer, source).prompt([ASK]) == "Today Date: 26 Jul 2024"


def test_the_line_of_a_fault_is_counted_in_the_file(tokenizer: Any, tmp_path: Path) -> None:
    file = tmp_path / "broken.jinja"
    file.write_text(f"{{{{ {CLOCK}('%d') }}}}\n{{% for x in %}}")
    with pytest.raises(UserError) as caught:
        template_of(_params(template=str(file)), tokenizer)
    assert str(caught.value.where).endswith("line 2")


def test_a_template_cannot_reach_out_of_its_sandbox(tokenizer: Any) -> None:
    with pytest.raises(RefusedError):
        _chat(tokenizer, "{{ ''.__class__.__mro__[1].__subclasses__()[0] }}").prompt([ASK])


@pytest.mark.parametrize(
    ("source", "after"),
    [
        (CHAT_TEMPLATE, "<|im_end|>\n"),
        (STRICT, "<end>\n"),
        ("{{ messages[0]['content'] }}", ""),
        ("{{ raise_exception('no') }}", ""),
    ],
)
def test_what_a_template_writes_after_a_response_is_found_out(
    tokenizer: Any, source: str, after: str
) -> None:
    assert _chat(tokenizer, source).after_response() == after


def test_the_others_write_nothing_after_a_response(tokenizer: Any) -> None:
    assert Template("plain", "keep", "", tokenizer).after_response() == ""


def test_the_digest_names_everything_that_decides_the_text(tokenizer: Any) -> None:
    templates = [
        _chat(tokenizer, CHAT_TEMPLATE),
        _chat(tokenizer, STRICT),
        _chat(tokenizer, STRICT, "fold"),
        Template("plain", "keep", "", tokenizer),
        Template("hh", "keep", "", tokenizer),
    ]
    assert len({template.digest() for template in templates}) == len(templates)


def test_the_digest_is_what_it_was(tokenizer: Any) -> None:
    assert Template("hh", "keep", "", tokenizer).digest() == "81be5bf0a946456e918f40009584cb93"


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant", "tool"]), st.text())))
def test_every_template_renders_or_refuses_and_never_fails(
    tokenizer: Any, drawn: list[tuple[str, str]]
) -> None:
    messages = [{"role": role, "content": content} for role, content in drawn]
    for system in ("keep", "fold", "drop"):
        is_nothing = not {r for r, _ in drawn} - ({"system"} if system == "drop" else set())
        for template in (
            _chat(tokenizer, CHAT_TEMPLATE, system),
            _chat(tokenizer, STRICT, system),
            Template("plain", system, "", tokenizer),
            Template("hh", system, "", tokenizer),
        ):
            text: str | None = "refused"
            with contextlib.suppress(RefusedError):
                text = template.prompt(messages)
            assert (text is None) == is_nothing
