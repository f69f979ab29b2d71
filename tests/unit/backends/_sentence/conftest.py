"""Small real models: a BERT of two layers with weights by chance, and a table of word vectors."""

from __future__ import annotations

import importlib
import string
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def _tokenizer() -> Any:
    """Return a WordPiece tokenizer of `tokenizers` whose tokens are letters."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing

    letters = string.ascii_lowercase + ":."
    tokens = [*_SPECIAL, *letters, *(f"##{letter}" for letter in letters)]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    return tokenizer


@pytest.fixture(scope="session")
def letters() -> Any:
    """Return the tokenizer of letters as transformers wraps it; the model takes 32 tokens."""
    # Its constructor has no types.
    transformers: Any = importlib.import_module("transformers")
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=_tokenizer(),
        pad_token="[PAD]",  # noqa: S106
        unk_token="[UNK]",  # noqa: S106
        cls_token="[CLS]",  # noqa: S106
        sep_token="[SEP]",  # noqa: S106
        mask_token="[MASK]",  # noqa: S106
        model_max_length=32,
    )


@pytest.fixture(scope="session")
def tiny(letters: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a BERT of two layers, 16 wide, with mean pooling."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import BertConfig, BertModel

    root = tmp_path_factory.mktemp("tiny")
    config = BertConfig(
        vocab_size=len(letters),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        initializer_range=0.5,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config).save_pretrained(root / "bert")
    letters.save_pretrained(root / "bert")
    modules = [Transformer(str(root / "bert")), Pooling(16), Normalize()]
    model = SentenceTransformer(modules=modules, device="cpu")
    model.save(str(root / "model"), create_model_card=False)
    return root / "model"


@pytest.fixture(scope="session")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model that only looks words up, and takes no mask."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    folder = tmp_path_factory.mktemp("static")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = StaticEmbedding(_tokenizer(), embedding_dim=8)
    SentenceTransformer(modules=[module], device="cpu").save(str(folder), create_model_card=False)
    return folder
