"""Tiny causal language models in folders, for tests: random weights that stand in for real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.core.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = [
    "BOS",
    "CHAT_TEMPLATE",
    "EOS",
    "VOCABULARY",
    "tiny_weights",
    "write_byte_tokenizer",
    "write_tiny_causal_lm",
]

BOS, EOS = "<|bos|>", "<|im_end|>"
_SPECIAL = (BOS, EOS, "<|im_start|>")
"""Tokens 256, 257 and 258, after those of the 256 bytes."""
VOCABULARY = 272
"""Tokens of a tiny model: bytes, special ones, and room for a few that merge."""
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""Turns between marks, as in ChatML; a turn ends with the token that ends texts."""
_HEADS, _KV_HEADS = 4, 2
_WINDOW = 16


def write_tiny_causal_lm(  # noqa: PLR0913 - the sides that models differ by
    folder: Path,
    architecture: str = "llama",
    *,
    seed: int = 0,
    width: int = 48,
    layers: int = 3,
    vocabulary: int = VOCABULARY,
    dtype: str = "float32",
    chat_template: bool | str = True,
    window: int | None = None,
    bos: bool = True,
    **config: Any,
) -> Path:
    """Write a model with its tokenizer that transformers loads.

    The weights are random: they stand in for those of a real model, which tests of how states are
    computed do not need. They come from a stream of numpy that is frozen, so the same arguments
    give the same model under every version of numpy, torch and transformers.

    Args:
        folder: Where to write; it is made if there is none.
        architecture: What transformers calls the type of a model, such as ``llama`` (grouped
            queries, rotary positions), ``gpt2`` (absolute positions) or ``mistral`` (window of 16
            tokens). Others work as far as they take the usual names of settings.
        seed: Seed of the weights.
        width: Length of a hidden state, a multiple of 8.
        layers: Number of layers.
        vocabulary: Number of tokens; at least those of the tokenizer, 259.
        dtype: Precision in which the weights are saved: ``float32``, ``bfloat16`` or ``float16``.
        chat_template: Whether the tokenizer has a template, `CHAT_TEMPLATE`; or the template.
        window: Tokens that a layer looks back, where the architecture has such layers.
        bos: Whether the tokenizer puts `BOS` before a text.
        config: More settings of the model; ``max_position_embeddings`` is 512 by default.

    Returns:
        The folder.

    Raises:
        MissingExtraError: If transformers is not installed.
    """
    try:
        import torch
        from safetensors.torch import save_file
        from transformers import AutoConfig, AutoModelForCausalLM
    except ModuleNotFoundError as error:
        raise MissingExtraError("A tiny language model", extra="models") from error

    folder.mkdir(parents=True, exist_ok=True)
    given = _settings(architecture, width, layers, vocabulary, window) | config
    settings = AutoConfig.for_model(architecture, **given)
    # On the device `meta` a model has names and shapes, but no values, and draws no chance.
    untyped: Any = AutoModelForCausalLM
    with torch.device("meta"):
        model = untyped.from_config(settings)
    tied = set(getattr(model, "_tied_weights_keys", None) or ())
    is_tied = settings.tie_word_embeddings
    shapes = {
        name: tuple(value.shape)
        for name, value in model.state_dict().items()
        if not (is_tied and name in tied)
    }
    precision = getattr(torch, dtype)
    weights = {
        name: torch.from_numpy(value).to(precision)
        for name, value in tiny_weights(shapes, seed=seed, width=width).items()
    }
    settings.architectures = [type(model).__name__]
    settings.dtype = precision
    settings.save_pretrained(folder)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return write_byte_tokenizer(folder, chat_template=chat_template, bos=bos)


def tiny_weights(
    shapes: dict[str, tuple[int, ...]], *, seed: int, width: int
) -> dict[str, NDArray[np.float32]]:
    """Return random weights of a size at which attention, norms and biases all matter.

    Args:
        shapes: Shape of each weight by its name.
        seed: Seed of a stream that numpy has frozen.
        width: Length of a hidden state.

    Returns:
        Evenly spread values, in the order of their names. Matrices have the deviation
        ``width ** -0.5``; vectors lie within 0.2 of 1 where they are weights, of 0 where they are
        biases.
    """
    stream = np.random.RandomState(seed)
    weights: dict[str, NDArray[np.float32]] = {}
    for name in sorted(shapes):
        # Evenly spread, because a normal stream passes through logarithms, which differ between
        # machines in the last bit; all that is done here is exact or rounded in one way.
        values = 2 * stream.random_sample(shapes[name]) - 1
        if len(shapes[name]) > 1:
            values = values * np.sqrt(3 / width)
        else:
            values = values * 0.2 + (0.0 if name.endswith("bias") else 1.0)
        weights[name] = values.astype(np.float32)
    return weights


def write_byte_tokenizer(
    folder: Path,
    *,
    chat_template: bool | str = True,
    bos: bool = True,
    merges: Sequence[tuple[str, str]] = (),
) -> Path:
    """Write a tokenizer whose tokens are the bytes of UTF-8, by their value.

    Args:
        folder: A folder that exists.
        chat_template: Whether it has a template, `CHAT_TEMPLATE`; or the template itself.
        bos: Whether it puts `BOS` before a text.
        merges: Printable ASCII characters that are one token where they meet, such as
            ``(":", "a")``: with these a token may reach across the border of two texts.

    Returns:
        The folder.

    Raises:
        MissingExtraError: If transformers is not installed.
    """
    try:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
        from transformers import PreTrainedTokenizerFast
    except ModuleNotFoundError as error:
        raise MissingExtraError("A tokenizer", extra="models") from error

    first = 256 + len(_SPECIAL)
    vocabulary = {_letter(byte): byte for byte in range(256)}
    vocabulary |= {"".join(pair): first + place for place, pair in enumerate(merges)}
    # Ids have no gap only once the special tokens stand between bytes and merges.
    vocabulary |= {token: 256 + place for place, token in enumerate(_SPECIAL)}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=list(merges)))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens(list(_SPECIAL))
    if bos:
        made.post_processor = processors.TemplateProcessing(
            single=f"{BOS} $A", special_tokens=[(BOS, vocabulary[BOS])]
        )
    untyped: Any = PreTrainedTokenizerFast
    saved = untyped(tokenizer_object=made, bos_token=BOS, eos_token=EOS)
    if chat_template:
        saved.chat_template = chat_template if isinstance(chat_template, str) else CHAT_TEMPLATE
    saved.save_pretrained(folder)
    return folder


def _settings(
    architecture: str, width: int, layers: int, vocabulary: int, window: int | None
) -> dict[str, Any]:
    """Return the settings under the names that configurations of transformers share."""
    settings: dict[str, Any] = {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": _HEADS,
        "num_key_value_heads": _KV_HEADS,
        "intermediate_size": 2 * width,
        "max_position_embeddings": 512,
        "tie_word_embeddings": False,
        "bos_token_id": 256,
        "eos_token_id": 257,
        "pad_token_id": None,
    }
    if window is None and architecture == "mistral":
        window = _WINDOW
    if window is None:
        return settings
    # Qwen has to be told thrice.
    return settings | {
        "sliding_window": window,
        "use_sliding_window": True,
        "max_window_layers": 0,
    }


def _letter(byte: int) -> str:
    """Return the character that stands for a byte in byte-level vocabularies, as GPT-2 chose it.

    Printable characters of Latin-1 stand for themselves; the others, in order, for what follows.
    """
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    if byte in printable:
        return chr(byte)
    return chr(256 + [other for other in range(256) if other not in printable].index(byte))
