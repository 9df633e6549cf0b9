"""How surely a query is the course's: the words of one passage against the words of everyday writing."""

import math

from rag.background import frequency
from rag.lexical import Lexical, Postings
from rag.tokens import is_chinese, words

THRESHOLD = 0.5

# Where 0.5 lies and how slowly it rises, in nats: on labelled sets 92 % of a course's questions pass.
_MIDDLE = 7.0
_WIDTH = 3.0
# A small knowledge base is smoothed by so many words of everyday writing.
_SMOOTHING = 1000


def relevance(query: str, lexical: Lexical) -> float:
    """A probability in 0..1.

    Each word of the query is worth the logarithm of how much oftener these documents say it than people
    do. What counts is the passage that gathers most: words of the course scattered over it prove nothing.
    """
    postings = lexical.words
    terms = sorted(set(words(query)))
    held = postings.find(terms)
    worth = [max(0.0, _worth(term, postings, one)) for term, one in zip(terms, held, strict=True)]
    gathered = postings.summed(held, worth, lexical.size, None)
    return 1 / (1 + math.exp((_MIDDLE - float(gathered.max(initial=0))) / _WIDTH))


def _worth(term: str, postings: Postings, held: slice) -> float:
    mass = float(postings.mass[0 if is_chinese(term) else 1])
    times = float(postings.counts[held].sum()) / frequency(term)
    return math.log((times + _SMOOTHING) / (mass + _SMOOTHING))
