"""Named numpy arrays in one file: written once, opened by mapping it into memory."""

import json
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"PUYUARR1"
_ALIGNED = 64


def write(file: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Put the arrays into a new file."""
    laid: dict[str, tuple[str, tuple[int, ...], int]] = {}
    at = 0
    for name, array in arrays.items():
        laid[name] = (array.dtype.str, array.shape, at)
        at += -(-array.nbytes // _ALIGNED) * _ALIGNED
    header = json.dumps(laid).encode()
    start = len(_MAGIC) + 8 + len(header)
    with file.open("wb") as out:
        out.write(_MAGIC + len(header).to_bytes(8, "little") + header + bytes(-start % _ALIGNED))
        for array in arrays.values():
            out.write(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
            out.write(bytes(-array.nbytes % _ALIGNED))


def mapped(file: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file, read only; they outlive it. ValueError where it is not such a file."""
    with file.open("rb") as data:
        whole = mmap.mmap(data.fileno(), 0, access=mmap.ACCESS_READ)
    length = int.from_bytes(whole[len(_MAGIC) : len(_MAGIC) + 8], "little")
    start = len(_MAGIC) + 8 + length
    if whole[: len(_MAGIC)] != _MAGIC or start > len(whole):
        raise ValueError(f"{file} holds no arrays")
    laid = json.loads(whole[len(_MAGIC) + 8 : start])
    start += -start % _ALIGNED
    return {
        name: np.frombuffer(whole, dtype, int(np.prod(shape)), start + at).reshape(shape)
        for name, (dtype, shape, at) in laid.items()
    }
