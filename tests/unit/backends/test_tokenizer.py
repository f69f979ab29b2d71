"""Tokenizers are found without models, read as a trainer reads, and cut where it is safe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata import registry
from prefdata.backends._causal.identity import load_tokenizer
from prefdata.backends._tokenizer.borders import Borders
from prefdata.backends._tokenizer.locate import locate_tokenizer
from prefdata.backends._tokenizer.reading import Reader
from prefdata.backends.tokenizer import tokenizer
from prefdata.core.errors import BackendError, MissingExtraError
from prefdata.protocols import Refusal, Tokenization
from prefdata.testing.causal import BOS, EOS, write_byte_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__: list[str] = []

USER = {"role": "user", "content": "Who?"}
ANSWER = {"role": "assistant", "content": "I."}
COMMIT = "c0ffee" + "0" * 34
MARKS = ("<u>", "<a>", "<end>")


class Hub(Protocol):
    """The fixture `hub`."""

    def serve(self, files: Mapping[str, bytes]) -> str: ...
    def run(self, code: str, endpoint: str) -> list[str]: ...


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_byte_tokenizer(tmp_path_factory.mktemp("bytes"), merges=[("a", "b")])


def test_it_is_found_by_its_name_and_reads_a_prompt(folder: Path) -> None:
    assert registry.plugin("backend", "tokenizer") is tokenizer
    params = Tokenization(tokenizer=str(folder))
    opened = tokenizer.open(params)
    text = opened.prompt([USER])
    assert text == "<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n"
    assert opened.whole(text, [USER], [ANSWER]) == f"{text}I.<|im_end|>\n"
    assert opened.border(text) == text.rindex("<|im_start|>")
    assert [ids.tolist() for ids in opened.encode(["abc", EOS, ""])] == [[259, 99], [257], []]
    assert opened.ends == {257}
    assert len(tokenizer.identify(params)) == 32


def test_strings_are_put_together_and_ended_once(folder: Path) -> None:
    reader = Reader(folder, "plain")
    assert reader.prompt([USER, ANSWER]) == "Who?\n\nI."
    assert reader.whole("Who? ", [], [ANSWER]) == f"Who? I.{EOS}"
    ended = {"role": "assistant", "content": f"I.{EOS}"}
    assert reader.whole("Who? ", [], [ended]) == f"Who? I.{EOS}"
    assert reader.whole(f"Who?{EOS}", [], [{**ANSWER, "content": ""}]) == f"Who?{EOS}{EOS}"
    # The tokenizer's own special tokens stand before strings, which no template put there.
    assert reader.encode(["a"])[0].tolist() == [256, 97]
    assert reader.border(f"{BOS}Who?") == 0


def test_messages_that_a_template_refuses_give_a_reason(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "no.jinja"
    file.write_text("{% if messages | length > 1 %}{{ raise_exception('Too many.') }}{% endif %}?")
    reader = Reader(folder, str(file))
    assert reader.prompt([USER]) == "?"
    refusal = Refusal("The template refused the messages: Too many.")
    assert reader.prompt([USER, USER]) == reader.whole("?", [USER], [ANSWER]) == refusal
    assert isinstance(reader.prompt([]), Refusal)
    assert isinstance(reader.whole("?", [USER], []), Refusal)


def test_the_settings_beside_a_tokenizer_say_where_a_model_stops(folder: Path) -> None:
    reader = Reader(folder, "auto")
    config = folder / "generation_config.json"
    # 258 begins a turn; 97 is a letter, which ends no text.
    config.write_text('{"eos_token_id": [257, 258, 97]}')
    try:
        stops = Reader(folder, "auto")
    finally:
        config.unlink()
    assert (sorted(reader.ends), sorted(stops.ends)) == ([257], [257, 258])
    assert reader.identity() != stops.identity()


def test_a_tokenizer_that_fails_on_a_text_says_so(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    untyped: Any = PreTrainedTokenizerFast
    made = Tokenizer(models.WordLevel({"a": 0}, "unknown"))
    untyped(tokenizer_object=made).save_pretrained(tmp_path)
    with pytest.raises(BackendError, match="failed on a text: WordLevel error") as caught:
        Reader(tmp_path, "plain").encode(["b"])
    assert caught.value.fix


def _pre_tokenizer(kind: str) -> Any:
    from tokenizers import pre_tokenizers

    if kind.startswith("bytes"):
        return pre_tokenizers.ByteLevel(add_prefix_space=kind == "bytes-after-space")
    return pre_tokenizers.Metaspace(prepend_scheme=kind)


def _made(kind: str, **of_tokens: bool) -> Any:
    """Return a tokenizer of transformers with `MARKS` and a token that takes the space around."""
    from tokenizers import AddedToken, Tokenizer, models, normalizers
    from transformers import PreTrainedTokenizerFast

    letters = [*"ab<>\n ud", "Ġ", "Ċ", "▁", "a▁", "ab", "ba", "▁a", "Ġa", "aĊ"]
    vocabulary = {letter: place for place, letter in enumerate(dict.fromkeys(["?", *letters]))}
    pairs = [("a", "b"), ("b", "a"), ("a", "▁"), ("▁", "a"), ("Ġ", "a"), ("a", "Ċ")]
    made = Tokenizer(models.BPE(vocabulary, pairs, unk_token="?"))  # noqa: S106 - a token of texts
    made.pre_tokenizer = _pre_tokenizer(kind)
    if kind == "always":
        made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Strip()])
    made.add_special_tokens([AddedToken(mark, **of_tokens) for mark in MARKS])
    made.add_tokens([AddedToken("<wide>", lstrip=True, rstrip=True)])
    untyped: Any = PreTrainedTokenizerFast
    return untyped(tokenizer_object=made)


_TEXTS = st.lists(
    st.sampled_from([*MARKS, "<wide>", "<", "<u", "a>", "a", "b", " ", "\n", "ab a", "  "]),
    max_size=9,
).map("".join)


@pytest.mark.parametrize("kind", ["bytes", "bytes-after-space", "first", "always"])
def test_both_parts_of_a_text_have_the_tokens_of_the_whole(kind: str) -> None:
    made = _made(kind)
    borders = Borders(made)
    assert borders.last("<u>a<end>b") == 4

    @settings(max_examples=60)
    @given(_TEXTS, _TEXTS)
    def check(prompt: str, more: str) -> None:
        place = borders.last(prompt)
        for text in (prompt, prompt + more):
            whole, left, right = (
                made(part, add_special_tokens=False)["input_ids"]
                for part in (text, text[:place], text[place:])
            )
            assert left + right == whole

    check()


@pytest.mark.parametrize("flag", ["lstrip", "single_word", "normalized"])
def test_tokens_that_look_around_them_are_no_borders(flag: str) -> None:
    assert Borders(_made("bytes", **{flag: True})).last("a<u>b") == 0


def _overlapping(made: Any) -> None:
    made.add_special_tokens({"additional_special_tokens": ["><"]})


def _as_text(made: Any) -> None:
    made.split_special_tokens = True


@pytest.mark.parametrize("change", [_overlapping, _as_text])
def test_a_token_that_another_may_cover_is_no_border(change: Callable[[Any], None]) -> None:
    made = _made("bytes")
    change(made)
    assert Borders(made).last("<a>a<u>b") == 0


def test_a_tokenizer_that_is_not_fast_has_no_borders(folder: Path) -> None:
    class Slow:
        added_tokens_decoder = load_tokenizer(folder).added_tokens_decoder

    assert Borders(Slow()).last("<|im_start|>a<|im_start|>") == 0


def test_a_tokenizer_is_downloaded_without_weights(hub: Hub) -> None:
    wanted = ["chat_template.jinja", "config.json", "tokenizer.json", "tokenizer_config.json"]
    extra = ["model.safetensors", "model.safetensors.index.json", "onnx/tokenizer.json", "a.gguf"]
    code = (
        "from prefdata.backends._tokenizer.locate import locate_tokenizer\n"
        "found = locate_tokenizer('org/model')\n"
        "print(*sorted(p.name for p in found.rglob('*')))"
    )
    assert hub.run(code, hub.serve(dict.fromkeys([*wanted, *extra], b"{}"))) == sorted(wanted)


def test_what_is_nowhere_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(BackendError, match="not on this machine, and HF_HUB_OFFLINE=1") as caught:
        locate_tokenizer("org/model@v2")
    assert "hf download org/model --include '*.json' --revision v2" in str(caught.value.fix)
    place = tmp_path / "hub" / "models--org--model"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(COMMIT)
    snapshot = place / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / "tokenizer.json").touch()
    assert locate_tokenizer("org/model") == snapshot
    (snapshot / "tokenizer.json").unlink()
    with pytest.raises(BackendError, match="There is no folder") as caught:
        locate_tokenizer("./nowhere")
    assert caught.value.where == "tokenizer: ./nowhere"
    # The library read the variable when it was imported, so it stays offline.
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with pytest.raises(BackendError, match="org/model holds no tokenizer") as caught:
        locate_tokenizer("org/model")
    assert caught.value.where == "tokenizer: org/model"
    with pytest.raises(BackendError, match="could not be downloaded") as caught:
        locate_tokenizer("org/other")
    assert caught.value.retryable
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match="A tokenizer needs packages"):
        locate_tokenizer("org/model")
