from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefdata.backends._sentence import tokens
from prefdata.backends._sentence.tokens import Tokenised, Tokeniser, shortened
from prefdata.core.errors import BackendError

if TYPE_CHECKING:
    from prefdata.texts.views import Keep

__all__: list[str] = []

KEEP: tuple[Keep, ...] = ("start", "end")
TEXTS = st.lists(st.text(alphabet="ab .:é🎉\x00\n", max_size=60), max_size=8)
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def _ids(read: Tokenised) -> list[list[int]]:
    return [
        read.ids[start:end].tolist()
        for start, end in zip(read.offsets, read.offsets[1:], strict=False)
    ]


@pytest.mark.parametrize("keep", KEEP)
@SHARED
@given(texts=TEXTS)
def test_texts_are_cut_as_the_tokenizer_itself_would(
    letters: Any, keep: Keep, texts: list[str]
) -> None:
    read = Tokeniser(letters, 12).read(texts, keep=keep)
    letters.truncation_side = "right" if keep == "start" else "left"
    own = letters(texts, truncation=True, max_length=12)["input_ids"] if texts else []
    assert _ids(read) == own
    whole = [len(letters(text, add_special_tokens=False)["input_ids"]) for text in texts]
    assert read.n_tokens.tolist() == whole
    assert read.is_truncated.tolist() == [count > 10 for count in whole]


def test_both_special_tokens_stay_whichever_end_is_kept(letters: Any) -> None:
    for keep, word in zip(KEEP, ("abcdef", "uvwxyz"), strict=True):
        read = Tokeniser(letters, 8).read([" ".join("abcdefghijklmnopqrstuvwxyz")], keep=keep)
        kept = letters.convert_ids_to_tokens(_ids(read)[0])
        assert kept == ["[CLS]", *word, "[SEP]"]


def test_a_prefix_stays_where_the_end_is_kept_and_is_not_counted(letters: Any) -> None:
    tokeniser = Tokeniser(letters, 9)
    read = tokeniser.read(["a b c d e f g h", "a"], keep="end", prefix="q: ")
    kept = [letters.convert_ids_to_tokens(ids) for ids in _ids(read)]
    assert kept[0] == ["[CLS]", "q", ":", *"defgh", "[SEP]"]
    assert kept[1] == ["[CLS]", "q", ":", "a", "[SEP]"]
    assert read.n_tokens.tolist() == [8, 1]
    assert tokeniser.prompt_length("q: ") == 3
    assert tokeniser.prompt_length("") == 0


def test_a_prefix_that_fills_the_model_is_an_error(letters: Any) -> None:
    with pytest.raises(BackendError, match="leaves no room"):
        Tokeniser(letters, 8).read(["a"], keep="start", prefix="a b c d e f ")


@pytest.mark.parametrize("text", ["", " \n", "\x00", "🎉 🎉", "[CLS][PAD]"])
def test_a_text_of_which_the_model_knows_no_token_is_void(letters: Any, text: str) -> None:
    read = Tokeniser(letters, 8).read(["a", text, "a 🎉"], keep="start")
    assert read.is_void.tolist() == [False, True, False]


@pytest.mark.parametrize("keep", KEEP)
def test_a_text_of_two_million_characters_is_read_in_part_and_counted(
    letters: Any, keep: Keep
) -> None:
    read = Tokeniser(letters, 8).read(["a " * 1_000_000, "b"], keep=keep)
    assert read.is_truncated.tolist() == [True, False]
    assert read.n_tokens[0] == pytest.approx(1_000_000, rel=0.01)
    assert read.lengths.tolist() == [8, 3]


def test_white_space_around_a_text_is_not_what_is_kept(letters: Any) -> None:
    read = Tokeniser(letters, 8).read([" " * 9_000 + "a" + " " * 9_000], keep="end")
    assert read.n_tokens.tolist() == [1]
    assert not read.is_truncated.any()


def test_half_a_surrogate_pair_is_replaced(letters: Any) -> None:
    assert shortened("\ud800a", 100, "start") == "?a"
    assert not Tokeniser(letters, 8).read(["\ud800 a"], keep="start").is_void.any()


def test_stretches_do_not_change_the_result(letters: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["a b c " * n for n in range(40)]
    at_once = Tokeniser(letters, 12).read(texts, keep="end")
    monkeypatch.setattr(tokens, "_CHARACTERS_AT_ONCE", 50)
    in_parts = Tokeniser(letters, 12).read(texts, keep="end")
    assert _ids(in_parts) == _ids(at_once)
    assert in_parts.n_tokens.tolist() == at_once.n_tokens.tolist()


def test_the_tokenizer_of_the_model_stays_as_it_was(letters: Any) -> None:
    before = letters.backend_tokenizer.to_str()
    Tokeniser(letters, 8).read(["a b c d e f g h i"], keep="end")
    assert letters.backend_tokenizer.to_str() == before


def test_a_tokenizer_that_numbers_its_segments_is_refused(letters: Any) -> None:
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing

    inner = Tokenizer.from_str(letters.backend_tokenizer.to_str())
    inner.post_processor = TemplateProcessing(
        single="$A:1 [SEP]:1", pair=None, special_tokens=[("[SEP]", 3)]
    )
    with pytest.raises(ValueError, match="special tokens"):
        Tokeniser(SimpleNamespace(backend_tokenizer=inner), 8)


def test_a_tokenizer_without_a_compiled_part_is_refused() -> None:
    with pytest.raises(ValueError, match="compiled"):
        Tokeniser(SimpleNamespace(), 8)
