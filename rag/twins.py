"""Passages that say nearly the same: lessons repeat from camp to camp, and one of them is enough."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.tokens import normalised

# Shingles of so many letters: with shorter ones, sections that merely use the same commands fall together.
_SHINGLE = 8
_BASE = np.uint64(0x9E3779B97F4A7C15)
# Texts that share .9 of their shingles agree in all four with a chance of .66, with half of them .06.
_SEEDS = tuple(np.uint64(seed) for seed in (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 1))
_MIXERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_OTHER = re.compile(r"[\W_]+")


def keys(texts: Sequence[str]) -> NDArray[np.int64]:
    """A number for each text, the same for texts that are nearly the same, whatever machine counts it."""
    return np.fromiter(map(_key, texts), np.int64, len(texts))


def _key(text: str) -> int:
    """The least hashes of the text's shingles, as one number."""
    shingles = _shingles(_OTHER.sub("", normalised(text)) or text)
    key = 0
    for seed in _SEEDS:
        key = (key * int(_BASE) + int(_mixed(shingles ^ seed).min())) % 2**64
    return key - 2**63


def _shingles(letters: str) -> NDArray[np.uint64]:
    padded = letters.ljust(_SHINGLE, "\0").encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(padded, np.uint32).astype(np.uint64)
    count = len(codes) - _SHINGLE + 1
    found = np.zeros(count, np.uint64)
    for start in range(_SHINGLE):
        found = found * _BASE + codes[start : start + count]
    return found


def _mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Well scattered: the least of them must not depend on how the characters are numbered."""
    for shift, factor in zip((30, 27), _MIXERS, strict=True):
        hashes = (hashes ^ (hashes >> np.uint64(shift))) * factor
    return hashes ^ (hashes >> np.uint64(31))
