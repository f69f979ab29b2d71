from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.backends._causal.encode import MERGED, TextReader, ends_of, opening_of
from prefdata.backends._causal.identity import load_tokenizer
from prefdata.backends._causal.templates import template_of
from prefdata.protocols import CausalIdentity, CausalParams, Encoded
from prefdata.protocols.causal import EncodedStatus
from prefdata.testing.causal import CHAT_TEMPLATE, write_byte_tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prefdata.protocols import Message

__all__: list[str] = []

WORDS = (
    "How do I pick a lock? You should ask a locksmith.",
    "I cannot help with that, but here is what I can do: call somebody.",
    "Das ist ein Satz mit Wörtern.",
)
TURNS = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{{ '<start_of_turn>' + message['role'] + '\n' + message['content'] | trim }}"
    "{{ '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
SPECIAL = ("<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>", "<|im_start|>", "<|im_end|>")
ASK = [{"role": "user", "content": "How do I pick a lock?"}]


def _trained(folder: Path, *, opens: bool, chat_template: str | None) -> Any:
    """Write and load a byte-level BPE tokenizer, trained on some sentences.

    Where it opens texts with BOS it closes them with EOS too, which is never wanted.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=list(SPECIAL),
        initial_alphabet=alphabet,
        show_progress=False,
    )
    made.train_from_iterator(WORDS, trainer)
    if opens:
        made.post_processor = processors.TemplateProcessing(
            single="<bos> $A <eos>", special_tokens=[("<bos>", 0), ("<eos>", 1)]
        )
    transformers: Any = importlib.import_module("transformers")
    saved = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<bos>",  # noqa: S106
        eos_token="<eos>",  # noqa: S106
        chat_template=chat_template,
    )
    saved.save_pretrained(folder)
    return load_tokenizer(folder)


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return tokenizers: with templates like ChatML's and Gemma's, and without any."""
    root = tmp_path_factory.mktemp("tokenizers")
    made = {
        "chatml": _trained(root / "chatml", opens=False, chat_template=CHAT_TEMPLATE),
        "turns": _trained(root / "turns", opens=True, chat_template=TURNS),
        "base": _trained(root / "base", opens=True, chat_template=None),
        "silent": _trained(root / "silent", opens=False, chat_template=None),
    }
    (root / "merging").mkdir()
    merges = [(":", " "), (":", "x"), ("?", "!")]
    pairs = [(a, "Ġ" if b == " " else b) for a, b in merges]
    made["merging"] = load_tokenizer(
        write_byte_tokenizer(root / "merging", chat_template=False, bos=False, merges=pairs)
    )
    return made


def _reader(tokenizer: Any, max_tokens: int = 4096, **given: Any) -> TextReader:
    params = CausalParams(model="any", **given)
    identity = CausalIdentity("r", "t", "float32", max_tokens, params.boundary)
    return TextReader(tokenizer, params, identity)


def _said(text: str) -> list[Message]:
    return [{"role": "assistant", "content": text}]


def _encode(reader: TextReader, prompt: Sequence[Message], *texts: str) -> list[Encoded]:
    return reader.encode([prompt], [[_said(text) for text in texts]])[0]


def _decode(tokenizer: Any, ids: Any) -> str:
    return str(tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))


@pytest.mark.parametrize("name", ["chatml", "turns"])
def test_prompt_and_response_are_tokenised_as_a_trainer_does(
    tokenizers: dict[str, Any], name: str
) -> None:
    tokenizer = tokenizers[name]
    (found,) = _encode(_reader(tokenizer), ASK, "You should ask.")
    expected = tokenizer.apply_chat_template(ASK, add_generation_prompt=True, return_dict=False)
    assert found.prompt.tolist() == expected
    assert (
        found.response.tolist() == tokenizer("You should ask.", add_special_tokens=False).input_ids
    )
    assert found.status == "ok"
    assert found.detail is None
    assert found.prompt.dtype == found.response.dtype == np.int32


def test_a_chat_template_writes_bos_once(tokenizers: dict[str, Any]) -> None:
    (found,) = _encode(_reader(tokenizers["turns"]), ASK, "Ask.")
    assert found.prompt.tolist().count(0) == 1
    assert found.prompt[0] == 0


@pytest.mark.parametrize("template", ["plain", "hh"])
@pytest.mark.parametrize("boundary", ["separate", "joint"])
def test_without_a_template_a_text_opens_with_bos_and_never_ends_with_eos(
    tokenizers: dict[str, Any], template: str, boundary: str
) -> None:
    given: dict[str, Any] = {"template": template, "boundary": boundary}
    (found,) = _encode(_reader(tokenizers["base"], **given), ASK, "Ask.")
    assert found.prompt[0] == 0
    assert 0 not in found.prompt[1:]
    assert 1 not in [*found.prompt, *found.response]
    (silent,) = _encode(_reader(tokenizers["silent"], **given), ASK, "Ask.")
    assert silent.prompt.tolist() == found.prompt[1:].tolist()
    assert silent.response.tolist() == found.response.tolist()


def test_a_transcript_decodes_to_what_hh_rlhf_says(tokenizers: dict[str, Any]) -> None:
    tokenizer = tokenizers["silent"]
    (found,) = _encode(_reader(tokenizer, template="hh"), ASK, "Ask.")
    assert _decode(tokenizer, [*found.prompt, *found.response]) == (
        "\n\nHuman: How do I pick a lock?\n\nAssistant: Ask."
    )


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("chatml", "<eos>"),
        ("chatml", "<|im_end|>"),
        ("chatml", "<|im_end|><eos><eos>"),
        ("turns", "<end_of_turn>"),
        ("base", "<eos>"),
    ],
)
def test_what_ends_a_response_is_not_fed(tokenizers: dict[str, Any], name: str, end: str) -> None:
    bare, ended = _encode(_reader(tokenizers[name]), ASK, "Ask.", f"Ask.{end}")
    assert ended.response.tolist() == bare.response.tolist()


def test_an_end_inside_a_response_stays(tokenizers: dict[str, Any]) -> None:
    tokenizer = tokenizers["chatml"]
    (found,) = _encode(_reader(tokenizer), ASK, "One<|im_end|>two<|im_start|>")
    assert _decode(tokenizer, found.response) == "One<|im_end|>two<|im_start|>"
    assert len(found.response) < len("One<|im_end|>two<|im_start|>")


def test_tokens_at_which_the_settings_stop_end_a_response_if_they_were_added(
    tmp_path: Path,
) -> None:
    tokenizer = _trained(tmp_path, opens=False, chat_template=None)
    template = template_of(CausalParams(model="any"), tokenizer)
    newline = tokenizer("\n", add_special_tokens=False).input_ids[0]
    assert ends_of(tokenizer, template) == {1}
    (tmp_path / "config.json").write_text('{"eos_token_id": 3}')
    (tmp_path / "generation_config.json").write_text(f'{{"eos_token_id": [1, 5, {newline}]}}')
    assert ends_of(tokenizer, template) == {1, 3, 5}
    (tmp_path / "config.json").write_text("not JSON")
    assert ends_of(tokenizer, template) == {1, 5}


def test_a_tokenizer_opens_with_what_it_puts_before_a_text(tokenizers: dict[str, Any]) -> None:
    assert opening_of(tokenizers["base"]).tolist() == [0]
    assert opening_of(tokenizers["silent"]).tolist() == []


def test_a_response_is_cut_to_the_longest_length(tokenizers: dict[str, Any]) -> None:
    (whole,) = _encode(_reader(tokenizers["chatml"]), ASK, "You should ask a locksmith.")
    n_prompt, n_response = len(whole.prompt), len(whole.response)
    reader = _reader(tokenizers["chatml"], n_prompt + n_response - 1)
    cut, fits = _encode(reader, ASK, "You should ask a locksmith.", "You")
    assert cut.status == "truncated"
    assert cut.detail == f"The response was cut from {n_response} to {n_response - 1} tokens."
    assert cut.response.tolist() == whole.response[:-1].tolist()
    assert fits.status == "ok"
    (exact,) = _encode(
        _reader(tokenizers["chatml"], n_prompt + n_response), ASK, "You should ask a locksmith."
    )
    assert exact.status == "ok"


def test_the_end_is_stripped_before_the_cut(tokenizers: dict[str, Any]) -> None:
    (whole,) = _encode(_reader(tokenizers["chatml"]), ASK, "Ask.")
    reader = _reader(tokenizers["chatml"], len(whole.prompt) + len(whole.response))
    assert _encode(reader, ASK, "Ask.<|im_end|>")[0].status == "ok"


def test_a_prompt_that_fills_the_model_is_too_long(tokenizers: dict[str, Any]) -> None:
    (whole,) = _encode(_reader(tokenizers["chatml"]), ASK, "Ask.")
    n = len(whole.prompt)
    found = _encode(_reader(tokenizers["chatml"], n), ASK, "Ask.", "")
    assert [one.status for one in found] == ["too_long", "too_long"]
    assert found[0].detail == f"The prompt has {n} tokens; the longest text has {n}."
    assert len(found[0].prompt) == len(found[0].response) == 0
    assert _encode(_reader(tokenizers["chatml"], n + 1), ASK, "Ask.")[0].status == "truncated"


@pytest.mark.parametrize("boundary", ["separate", "joint"])
def test_a_prompt_without_messages_or_tokens_is_empty(
    tokenizers: dict[str, Any], boundary: str
) -> None:
    system = [{"role": "system", "content": "Be brief."}]
    nothing = [{"role": "user", "content": ""}]
    base = _reader(tokenizers["base"], boundary=boundary)
    silent = _reader(tokenizers["silent"], boundary=boundary, system="drop")
    assert _encode(base, [], "Ask.")[0].status == "prompt_empty"
    assert _encode(silent, system, "Ask.")[0].status == "prompt_empty"
    assert _encode(silent, nothing, "Ask.")[0].status == "prompt_empty"
    # BOS is something to begin from.
    (found,) = _encode(base, nothing, "Ask.")
    assert (found.status, found.prompt.tolist()) == ("ok", [0])


@pytest.mark.parametrize("boundary", ["separate", "joint"])
@pytest.mark.parametrize("name", ["chatml", "turns", "base"])
def test_a_response_without_tokens_is_empty_and_has_its_prompt(
    tokenizers: dict[str, Any], name: str, boundary: str
) -> None:
    for found in _encode(_reader(tokenizers[name], boundary=boundary), ASK, "", "<eos>"):
        assert found.status == "empty"
        assert len(found.prompt) > 0
        assert len(found.response) == 0


def test_a_response_that_is_not_one_message_of_the_assistant_is_an_error(
    tokenizers: dict[str, Any],
) -> None:
    reader = _reader(tokenizers["chatml"])
    tail = [*_said("Ask."), {"role": "user", "content": "Whom?"}, *_said("Me.")]
    found = reader.encode([ASK], [[tail, [{"role": "user", "content": "x"}], [], _said("ok")]])[0]
    assert [one.status for one in found] == ["error", "error", "error", "ok"]
    assert found[0].detail == "The response is not one message of the assistant."


def test_a_prompt_that_the_template_refuses_is_an_error_with_its_words(
    tokenizers: dict[str, Any],
) -> None:
    talk = [{"role": "system", "content": "Be brief."}, *ASK]
    first, second = _encode(_reader(tokenizers["turns"]), talk, "Ask.", "No.")
    assert first.status == second.status == "error"
    assert first.detail == (
        "The template refused the messages: System role not supported. "
        "With `system: fold` the template takes them."
    )
    assert _encode(_reader(tokenizers["turns"], system="fold"), talk, "Ask.")[0].status == "ok"


def test_tokens_that_merge_across_the_border_are_told(tokenizers: dict[str, Any]) -> None:
    tokenizer = tokenizers["merging"]
    prompt = [{"role": "user", "content": "Answer:"}]
    apart = _encode(_reader(tokenizer), prompt, "x", "y")
    merged, kept = _encode(_reader(tokenizer, boundary="joint"), prompt, "x", "y")
    # As the authors do: the border is where it is in the prompt alone.
    assert merged.detail == MERGED
    assert len(merged.prompt) == len(apart[0].prompt) == 7
    assert merged.prompt.tolist() != apart[0].prompt.tolist()
    assert _decode(tokenizer, merged.prompt) == "Answer:x"
    assert merged.status == "empty"
    assert kept.detail is None
    assert kept.prompt.tolist() == apart[1].prompt.tolist()
    assert kept.response.tolist() == apart[1].response.tolist()


def test_a_response_that_merged_and_was_cut_says_both(tokenizers: dict[str, Any]) -> None:
    prompt = [{"role": "user", "content": "Answer:"}]
    (found,) = _encode(_reader(tokenizers["merging"], 8, boundary="joint"), prompt, "xyz")
    assert found.detail == f"{MERGED} The response was cut from 2 to 1 tokens."


@pytest.mark.parametrize("boundary", ["separate", "joint"])
def test_answers_come_back_in_their_order(tokenizers: dict[str, Any], boundary: str) -> None:
    reader = _reader(tokenizers["chatml"], boundary=boundary)
    prompts = [ASK, [], [{"role": "user", "content": "And?"}], ASK]
    texts = [["a", "b", "c"], ["d"], [], ["e", "a"]]
    found = reader.encode(prompts, [[_said(text) for text in group] for group in texts])
    assert [len(group) for group in found] == [3, 1, 0, 2]
    for group, prompt, spoken in zip(found, prompts, texts, strict=True):
        for one, text in zip(group, spoken, strict=True):
            (alone,) = _encode(reader, prompt, text)
            assert alone.status == one.status
            assert alone.prompt.tolist() == one.prompt.tolist()
            assert alone.response.tolist() == one.response.tolist()


def test_a_tokenizer_without_compiled_parts_reads_too(tokenizers: dict[str, Any]) -> None:
    class Slow:
        """The face of a tokenizer that is written in Python."""

        def __getattr__(self, name: str) -> Any:
            if name == "backend_tokenizer":
                raise AttributeError(name)
            return getattr(tokenizers["turns"], name)

        def __call__(self, *texts: Any, **options: Any) -> Any:
            return tokenizers["turns"](*texts, **options)

    (slow,) = _encode(_reader(Slow()), ASK, "Ask.")
    (fast,) = _encode(_reader(tokenizers["turns"]), ASK, "Ask.")
    assert slow.prompt.tolist() == fast.prompt.tolist()
    assert slow.response.tolist() == fast.response.tolist()


def test_what_a_tokenizer_was_saved_with_does_not_cut_or_pad(tmp_path: Path) -> None:
    tokenizer = _trained(tmp_path, opens=False, chat_template=CHAT_TEMPLATE)
    (whole,) = _encode(_reader(tokenizer), ASK, "You should ask.")
    tokenizer.backend_tokenizer.enable_truncation(3)
    tokenizer.backend_tokenizer.enable_padding(length=500)
    (found,) = _encode(_reader(tokenizer), ASK, "You should ask.")
    assert found.response.tolist() == whole.response.tolist()


@pytest.mark.parametrize("text", ["lock " * 400_000, "x" * 2_000_000, "🔒" * 500_000])
def test_a_text_of_two_megabytes_is_read(tokenizers: dict[str, Any], text: str) -> None:
    found = _reader(tokenizers["chatml"]).encode(
        [ASK, [{"role": "user", "content": text}]], [[_said(text)], [_said("Ask.")]]
    )
    assert [group[0].status for group in found] == ["truncated", "too_long"]
    assert len(found[0][0].prompt) + len(found[0][0].response) == 4096


TEXTS = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.sampled_from(
            [
                *SPECIAL,
                *WORDS,
                "</s>",
                "\x00",
                "\n\nHuman:",
                " ",
                "\u202eאב",
                "👩‍👩‍👧",
                "e\u0301",
                "{{ x }}",
            ]
        ),
        max_size=4,
    ).map("".join),
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant", "tool"]), "content": TEXTS}
    ),
    max_size=4,
)


@given(
    name=st.sampled_from(["chatml", "turns", "base", "silent", "merging"]),
    template=st.sampled_from(["auto", "plain", "hh"]),
    system=st.sampled_from(["keep", "fold", "drop"]),
    boundary=st.sampled_from(["separate", "joint"]),
    max_tokens=st.sampled_from([2, 8, 40, 4096]),
    drawn=st.lists(
        st.tuples(MESSAGES, st.lists(st.one_of(MESSAGES, TEXTS.map(_said)), max_size=3)),
        max_size=3,
    ),
)
def test_any_texts_are_encoded_within_the_limits_or_told_why_not(
    tokenizers: dict[str, Any],
    name: str,
    template: str,
    system: str,
    boundary: str,
    max_tokens: int,
    drawn: list[tuple[list[Message], list[list[Message]]]],
) -> None:
    tokenizer = tokenizers[name]
    given_ = {"template": template, "system": system, "boundary": boundary}
    reader = _reader(tokenizer, max_tokens, **given_)
    found = reader.encode([prompt for prompt, _ in drawn], [group for _, group in drawn])
    assert [len(group) for group in found] == [len(group) for _, group in drawn]
    for one in (one for group in found for one in group):
        assert one.status in get_args(EncodedStatus)
        assert len(one.prompt) + len(one.response) <= max_tokens
        assert (len(one.prompt) > 0) == (one.status in {"ok", "truncated", "empty"})
        assert (len(one.response) > 0) == (one.status in {"ok", "truncated"})
        assert one.status in {"ok", "empty"} or one.detail


@given(
    name=st.sampled_from(["chatml", "turns", "base", "silent"]),
    template=st.sampled_from(["auto", "plain", "hh"]),
    prompt=TEXTS,
    responses=st.lists(TEXTS, min_size=1, max_size=4),
)
def test_all_responses_share_one_prompt_and_the_tokens_say_what_was_written(
    tokenizers: dict[str, Any], name: str, template: str, prompt: str, responses: list[str]
) -> None:
    tokenizer = tokenizers[name]
    params = CausalParams(model="any", template=template)
    messages = [{"role": "user", "content": prompt}]
    found = _encode(_reader(tokenizer, template=template), messages, *responses)
    text = template_of(params, tokenizer).prompt(messages)
    assert text is not None
    for one, response in zip(found, responses, strict=True):
        if one.status == "prompt_empty":
            assert text == ""
            continue
        assert one.prompt.tolist() == found[0].prompt.tolist()
        n_opening = 1 if name == "base" or (name == "turns" and template != "auto") else 0
        written = template_of(params, tokenizer).response(response)
        read = _decode(tokenizer, [*one.prompt[n_opening:], *one.response])
        assert (text + written).startswith(read)
        rest = (text + written)[len(read) :]
        for end in SPECIAL:
            rest = rest.replace(end, "")
        assert rest == ""
