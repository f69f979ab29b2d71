"""What names a causal language model and how it reads, known without loading its weights."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from prefdata.backends._causal.encode import ends_of, opening_of
from prefdata.backends._causal.locate import (
    adapter_weights_of,
    locate,
    locate_adapter,
    weights_of,
)
from prefdata.backends._causal.templates import template_of
from prefdata.backends._hub.digests import named_digest, settings_digest
from prefdata.backends._hub.quiet import first_line, quietly
from prefdata.core.errors import BackendError, MissingExtraError, UserError
from prefdata.core.fingerprint import digest
from prefdata.protocols import CausalIdentity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prefdata.protocols import CausalParams

__all__ = [
    "has_vocabulary",
    "identify",
    "load_tokenizer",
    "longest",
    "revision_of",
    "template_digest",
    "tokenizer_digests",
]

_VERSION = 1
"""Raised when the same files and messages give other states."""

_UNBOUNDED = 1 << 20
"""Longest text of a model that no position limits, such as a recurrent one."""
_SANE_LIMIT = 10_000_000  # a tokenizer without a limit says 10^30
_LIMITS = (
    "max_position_embeddings",
    "n_positions",
    "max_sequence_length",
    "max_seq_len",
    "seq_length",
    "n_ctx",
)
_POSITIONS = re.compile("wpe|position|pos_e")
_SPARE_POSITIONS = 8  # OPT has two more than it says

# One of these is what a tokenizer is made from; without any, some kinds come up with no tokens.
_VOCABULARIES = (
    "tokenizer.json",
    "tokenizer.model",
    "tekken.json",
    "vocab.json",
    "vocab.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
)
_OF_TOKENIZER = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
_CHAT = ("chat_template",)  # counts in the template, wherever it is written
# What an adapter's settings say about where it was made.
_OF_TRAINING = ("base_model_name_or_path", "inference_mode", "peft_version", "revision")


def identify(params: CausalParams) -> CausalIdentity:
    """Return the identity of a model as the parameters read it.

    Tokenizer and chat template are the model's; those that may lie beside an adapter are not read.

    Raises:
        MissingExtraError: If a library is not installed.
        UserError: If the model, the template and the parameters do not go together.
        BackendError: If the model cannot be had or read.
    """
    folder = locate(params.model)
    adapter = locate_adapter(params.adapter) if params.adapter is not None else None
    tokenizer = load_tokenizer(folder)
    return CausalIdentity(
        revision=revision_of(folder, adapter),
        template=template_digest(params, tokenizer),
        dtype=_dtype(params),
        max_tokens=longest(folder, tokenizer, params.max_tokens),
        boundary=params.boundary,
    )


def load_tokenizer(folder: Path) -> Any:
    """Return the tokenizer of a model's folder; code that comes with it is not run.

    Raises:
        MissingExtraError: If transformers is not installed.
        BackendError: If there is none, or it cannot be loaded.
    """
    if not has_vocabulary(folder):
        raise BackendError(
            f"The folder {folder} holds no tokenizer.",
            where=str(folder),
            fix="Save the tokenizer beside the model: `tokenizer.save_pretrained(folder)`.",
        )
    try:
        with quietly():
            from transformers import AutoTokenizer

            loader: Any = AutoTokenizer
            return loader.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False
            )
    except ModuleNotFoundError as error:
        if error.name == "transformers":
            raise MissingExtraError("A causal language model", extra="models") from error
        raise _unreadable(folder, "tokenizer", error) from error
    except Exception as error:  # a folder that somebody else wrote can fail in any way
        raise _unreadable(folder, "tokenizer", error) from error


def has_vocabulary(folder: Path) -> bool:
    """Return whether a folder holds what a tokenizer is made from."""
    return any((folder / name).is_file() for name in _VOCABULARIES)


def tokenizer_digests(folder: Path) -> dict[str, str]:
    """Return the digest of each file that decides the tokens of a text, by its name.

    The chat template does not count: it decides the text.

    Raises:
        OSError: If a file cannot be read.
    """
    return {file.name: settings_digest(file, _CHAT) for file in _of_tokens(folder)}


def revision_of(folder: Path, adapter: Path | None = None) -> str:
    """Return the 32 hex digits that name a model, whatever its folder is called.

    Weights and vocabularies count by their bytes; settings by their meaning. The chat template
    does not count: it decides the text, not the states of a text.

    Args:
        folder: Of the model.
        adapter: Folder of an adapter that is merged into it.

    Raises:
        OSError: If a file cannot be read.
    """
    parts = {file.name: named_digest(file) for file in weights_of(folder)}
    settings = folder / "config.json"
    parts |= {settings.name: settings_digest(settings, _CHAT)} | tokenizer_digests(folder)
    added = {}
    weights = adapter_weights_of(adapter) if adapter is not None else None
    if adapter is not None and weights is not None:
        added = {
            "weights": named_digest(weights),
            "settings": settings_digest(adapter / "adapter_config.json", _OF_TRAINING),
        }
    return digest({"version": _VERSION, "files": parts, "adapter": added})


def template_digest(params: CausalParams, tokenizer: Any) -> str:
    """Return the 32 hex digits that name the way from messages to tokens.

    Args:
        params: Which template, and what becomes of system prompts.
        tokenizer: Of the model.
    """
    template = template_of(params, tokenizer)
    opening = [] if template.writes_specials else opening_of(tokenizer).tolist()
    return digest(
        {
            "template": template.identity(),
            "opening": opening,
            "ends": sorted(ends_of(tokenizer, template)),
        }
    )


def longest(folder: Path, tokenizer: Any, wanted: int | None = None) -> int:
    """Return the most tokens that prompt and response may have together.

    Args:
        folder: Of the model.
        tokenizer: Of the model; it is asked where the model says nothing.
        wanted: What the user wants.

    Raises:
        BackendError: If the model's settings cannot be read.
        UserError: If the model has no positions for what the user wants.
    """
    config = _config(folder)
    text = config.get_text_config()
    told = (getattr(text, name, None) for name in _LIMITS)
    limit = next((n for n in told if isinstance(n, int) and n > 0), None)
    if limit is None:
        said = int(min(tokenizer.model_max_length, _SANE_LIMIT))
        limit = said if 0 < said < _SANE_LIMIT else _UNBOUNDED
    if wanted is not None and wanted > limit and _has_table(config, limit):
        raise UserError(
            f"The model has {limit:,} positions, so it cannot read {wanted:,} tokens.",
            where=f"max_tokens: {wanted}",
            fix=f"Ask for at most {limit}.",
        )
    return wanted or limit


def _dtype(params: CausalParams) -> str:
    if params.dtype != "auto":
        return params.dtype
    names = [name.strip() for name in params.device.split(",")]
    if "auto" not in names and not any(name.startswith("cuda") for name in names):
        return "float32"
    import torch

    return "bfloat16" if torch.cuda.is_available() else "float32"


def _of_tokens(folder: Path) -> Iterator[Path]:
    """Yield the files of a tokenizer."""
    yield from (folder / name for name in _OF_TOKENIZER if (folder / name).is_file())
    # What else there is of a vocabulary is in `tokenizer.json` too.
    if (folder / _VOCABULARIES[0]).is_file():
        yield folder / _VOCABULARIES[0]
        return
    for name in (*_VOCABULARIES[1:], "merges.txt"):
        if (folder / name).is_file():
            yield folder / name


def _config(folder: Path) -> Any:
    try:
        with quietly():
            from transformers import AutoConfig

            loader: Any = AutoConfig
            return loader.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False
            )
    except Exception as error:  # a folder that somebody else wrote can fail in any way
        raise _unreadable(folder, "config", error) from error


def _has_table(config: Any, limit: int) -> bool:
    """Tell whether a model looks positions up in a table, which ends.

    The model is built without memory for its weights, because no setting tells it for all kinds.
    """
    import torch
    from transformers import AutoModel

    maker: Any = AutoModel
    try:
        with quietly(), torch.device("meta"):
            model = maker.from_config(config)
        named = [*model.named_parameters(), *model.named_buffers()]
    except Exception:  # noqa: BLE001 - what is wrong with it is told when it is loaded
        return False
    return any(
        _POSITIONS.search(name)
        and tensor.ndim > 1
        and limit <= tensor.shape[0] <= limit + _SPARE_POSITIONS
        for name, tensor in named
    )


def _unreadable(folder: Path, what: str, error: Exception) -> BackendError:
    return BackendError(
        f"The {what} of the model cannot be loaded: {first_line(error)}",
        where=str(folder),
        fix="Check that transformers can load it; models that bring their own code are not "
        "supported.",
    )
