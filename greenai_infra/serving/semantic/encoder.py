"""The default encoder: static word vectors of `wordllama`, about 100 microseconds a text, without torch or network.

An encoder is any function from texts to a float32 array of shape (n, d). A sentence transformer fits as it is:
`encoder=SentenceTransformer("all-MiniLM-L6-v2").encode`. Vectors need no unit length.
"""

from __future__ import annotations

import math
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from greenai_infra.errors import GreenAIError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

_WEIGHTS = Path("weights", "l2_supercat_256.safetensors")
_TOKENIZER = Path("tokenizers", "l2_supercat_tokenizer_config.json")


class Encoder(Protocol):
    """Texts to vectors."""

    def __call__(self, texts: Sequence[str], /) -> Vectors:
        """Float32 array of shape (len(texts), d); d is the same at each call."""


class StaticEncoder:
    """The mean of the vectors of a text's tokens (256 dimensions)."""

    name = "wordllama l2_supercat_256"

    def __init__(self) -> None:
        """Read weights and tokenizer from the installed package. Raises GreenAIError where it is missing."""
        found = find_spec("wordllama")
        if found is None or not found.submodule_search_locations:
            raise GreenAIError("the static encoder needs wordllama: pip install 'greenai-infra[serving]'")
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        folder = Path(found.submodule_search_locations[0])
        self._vectors = load_file(str(folder / _WEIGHTS))["embedding.weight"].astype(np.float32)
        self._tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def __call__(self, texts: Sequence[str], /) -> Vectors:
        """Vectors of shape (n, 256); zeros for a text without tokens."""
        if len(texts) == 1:
            encoded = [self._tokenizer.encode(texts[0], add_special_tokens=False)]
        else:
            encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        found = np.zeros((len(texts), self._vectors.shape[1]), dtype=np.float32)
        for row, tokens in enumerate(encoded):
            if tokens.ids:
                self._vectors[tokens.ids].mean(axis=0, out=found[row])
        return found


@cache
def static_encoder() -> StaticEncoder:
    """The one StaticEncoder of this process: its 33 MB are read once."""
    return StaticEncoder()


def unit(vectors: Vectors) -> Vectors:
    """Vectors of length 1; zeros stay zeros."""
    if len(vectors) == 1:
        length = math.sqrt(vectors[0] @ vectors[0])
        return vectors / np.float32(length) if length else vectors
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    made: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return made
