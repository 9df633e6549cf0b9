"""How common a term is in everyday writing: what a word says about a text depends on it."""

from collections.abc import Mapping
from functools import lru_cache

from rag.tokens import is_chinese

# jieba's dictionary counts its words in a corpus of about this many.
_CORPUS = 60_101_967
# Chat is not that corpus: a word that it never saw may still be an everyday one.
_UNSEEN = 50
_UNSEEN_NAME = 1e-6
_NUMBER = 1e-2

_ENGLISH = """
the of and to a in is you that it he was for on are as with his they i at be this have from or one had by
word but not what all were we when your can said there use an each which she do how their if will up other
about out many then them these so some her would make like him into time has look two more write go see
number no way could people my than first been call who its now find long down day did get come made may
part over new only little work know place year me give back most very after thing our just name good think
say great where help through much before line right too mean old any same tell want show also around three
set put end does another well large must big even such because here why ask need try kind again change off
point page letter answer still learn should run using
"""


# English follows Zipf's law closely enough for a word's rank to give its share.
_COMMON: Mapping[str, float] = {word: 0.1 / (rank + 3) for rank, word in enumerate(_ENGLISH.split())}


@lru_cache(maxsize=100_000)
def frequency(term: str) -> float:
    """The share of a term among the words of its script."""
    if is_chinese(term):
        import rjieba

        return float(rjieba.suggest_freq(term) * rjieba.has_word(term) + _UNSEEN) / _CORPUS
    if term.isdigit():
        return _NUMBER
    return _COMMON.get(term, _UNSEEN_NAME)
