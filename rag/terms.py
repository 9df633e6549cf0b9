"""The search terms of what people say to one another."""

import re
from collections.abc import Iterator
from functools import lru_cache

from rag import tokens
from rag.stems import stem

_STOP_WORDS = """
a about also am an and any are as at be been but by can could d did do does for from had has have he her here
him his how i if in into is it its ll m may me might my no not of on or our re s she should so some t than
that the their them then there these they this those to us ve was we were what when where which who whom
whose why will with would you your
"""
_STOP = frozenset(_STOP_WORDS.split())
_FUNCTION = re.compile(
    "什么|多少|怎么样?|怎样|哪[些个里儿]?|为什么|是不是|有没有|还?记得|刚[才刚]|之前|以前|上次|一下|请问|告诉|说过?|"
    "这个?|那个?|我们?|你们?|您|的|了|吗|呢|吧|啊|呀|么|是|在|有|和|跟|与|就|都|也|还|过|着|把|被"
)


def terms(text: str) -> list[str]:
    """The search terms of an utterance: stems, names, and pairs of Chinese characters; no function words."""
    pieces = text.split()
    return [term for one in pieces for term in (_word_terms(one) if one.isascii() else _terms(one))]


@lru_cache(maxsize=20_000)
def _word_terms(word: str) -> tuple[str, ...]:
    return tuple(_terms(word))


def _terms(piece: str) -> Iterator[str]:
    for term in tokens.grams(_FUNCTION.sub(" ", piece)):
        if not term.isascii():
            # One Chinese character alone says too little.
            if len(term) > 1:
                yield term
        elif term not in _STOP:
            yield stem(term) if term.isalpha() else term
