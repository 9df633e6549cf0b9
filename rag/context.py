"""Where a conversation is in the documents: what says little is sought near what came before it."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from rag.followup import continues, leans, of_oneself
from rag.index import Index
from rag.ranking import Floats
from rag.tokens import words

# In words that one passage alone holds: who says so much leans on nothing, or with all the weight.
_STANDS, _LEANS = 3.0, 1.5
# So many passages say where the conversation is; so many sections away little of it is felt.
_FOUND, _REACH = 30, 30
# What was found last has been read: it is the neighbours that are asked for.
_READ = 0.2
# The subject may have changed: what fits the question alone is not far behind, or stands first where
# the question can stand alone, or names a subject of its own.
_ALONE, _WHOLE, _ANOTHER = 0.9, 1.0, 1.1

Scoring = Callable[[str], Floats]


def scored_after(
    index: Index, scoring: Scoring, question: str, facts: Sequence[str], before: Sequence[str]
) -> Floats:
    """Every passage's score for a question with facts, put after others, latest first, none of them empty.

    The less the question says itself, the more it counts whether a passage stands near what the others find.
    """
    scores = scoring(" ".join((*facts, question)))
    lean = _lean(index, question) if before else 0.0
    if not lean:
        return scores
    found = np.array([_scaled(scoring(one)) for one in before])
    worth = np.array([min(_says(index, one) / _STANDS, 1.0) for one in before], np.float32)
    near = _around(index, _scaled(worth @ found))
    alone = _scaled(scores)
    moved = _scaled(alone + np.float32(lean) * (near - np.float32(_READ) * found[0]))
    both: Floats = np.maximum(moved, np.float32(_share(index, question, before)) * alone)
    return both


def _share(index: Index, question: str, before: Sequence[str]) -> float:
    """How much what fits the question alone counts beside what was found before."""
    if not continues(question):
        said = {word for one in before for word in words(one)}
        if any(word in index.subjects and word not in said for word in _names(question)):
            return _ANOTHER
    return _ALONE if leans(question) or of_oneself(question) else _WHOLE


def _names(question: str) -> list[str]:
    return [word for word in words(question) if len(word) >= (4 if word.isascii() else 2)]


def _lean(index: Index, question: str) -> float:
    """How much a question needs those before it, in 0..1."""
    return min(max((_STANDS - _says(index, question)) / (_STANDS - _LEANS), 0.0), 1.0)


def _says(index: Index, text: str) -> float:
    return index.lexical.worth(text) / math.log1p(index.lexical.size)


def _around(index: Index, scores: Floats) -> Floats:
    """For every passage the best of the highest scores in its document, less by its distance from there."""
    around = np.zeros_like(scores)
    for at in np.argpartition(-scores, min(_FOUND, len(scores)) - 1)[:_FOUND].tolist():
        places = index.places(index.passage(at).document_id)
        there = slice(places.start, places.stop)
        far = np.abs(index.sections[there] - index.sections[at])
        np.maximum(around[there], scores[at] * np.exp(-far / _REACH), out=around[there])
    return around


def _scaled(scores: Floats) -> Floats:
    scaled: Floats = scores / np.float32(max(float(scores.max(initial=0)), 1e-9))
    return scaled
