"""How well every passage fits a question, and which passages are the best."""

import re
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.embedder import Embedder
from rag.lexical import Lexical
from rag.tokens import normalised
from rag.types import EmbedderUnavailable, Passage

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

_NEAREST = 200
# Of so many passages to a hit, k are nearly always of different sections.
_PARTS = 30
_HEAD, _TAIL = 1500, 500
# The last error of a pasted log counts so often.
_ERROR = 4
_CALL = re.compile(
    r'traceback \(most recent call last\):|file "[^"\n]*", line \d+(?:, in \S+)?(?:\n[ \t]+(?!file ").*)?'
)
_FAILED = re.compile(r"\b[\w.]{0,80}(?:error|exception)(?::.*|$)", re.MULTILINE)


class Ranked(Protocol):
    """What of an index is ranked; passages of one number in `sections` or `twins` belong together."""

    @property
    def lexical(self) -> Lexical: ...
    @property
    def sections(self) -> NDArray[np.int32]: ...
    @property
    def twins(self) -> NDArray[np.int64]: ...
    def nearest(self, query: Floats, k: int) -> tuple[Floats, Places]: ...
    def passage(self, at: int) -> Passage: ...


def sought(query: str) -> str:
    """What of a message is searched for, normalised: no calls of a traceback, of a long log both ends."""
    text = _CALL.sub("", normalised(query)).strip()
    # A pasted log asks its question at one of its ends.
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]} {text[-_TAIL:]}"


def scored(index: Ranked, embedder: Embedder, text: str, words: float, grams: float, dense: float) -> Floats:
    """Every passage's score, shape (passages,): each leg gives its best passage its weight.

    EmbedderUnavailable as the embedder raises it, which a weight of 0 does not ask, or when what it gives is
    not finite. Passages whose own vectors are not are found by their words.
    """
    failed = _FAILED.findall(text) if "\n" in text else []
    scores = index.lexical.scores("\n".join([text, *failed[-1:] * (_ERROR - 1)]), words, grams)
    if dense:
        query = embedder.query(text)
        if not np.isfinite(query).all():
            raise EmbedderUnavailable(f"{embedder.id} gives a query a vector that is not finite")
        near, places = index.nearest(query, _NEAREST)
        near, places = near[np.isfinite(near)], places[np.isfinite(near)]
        # The last of the nearest counts nothing, so that being among them makes no jump.
        floor, top = float(near.min(initial=1)), float(near.max(initial=-1))
        scores[places] += dense * (near - floor) / max(top - floor, 1e-6)
    return scores


def best(scores: Floats, index: Ranked, k: int, parts: int = _PARTS) -> Places:
    """Places by falling score above 0, one a section; k of them differ where so many do."""
    wanted = min(len(scores), k * parts)
    top = np.argpartition(-scores, wanted - 1)[:wanted]
    order = top[np.lexsort((top, -scores[top]))]
    order = order[scores[order] > 0]
    first = order[firsts(index.sections[order])]
    if len(order) == wanted < len(scores) and len(firsts(index.twins[first])) < k:
        return best(scores, index, k, parts * 10)
    return first


def firsts(values: NDArray[Any]) -> Places:
    """Where each value stands for the first time, ascending."""
    _, first = np.unique(values, return_index=True)
    return np.sort(first)
