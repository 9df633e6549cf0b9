"""Signs that a message is the course's: the words of one passage against everyday ones, the kind of talk."""

import re

import numpy as np
from numpy.typing import NDArray

from rag.background import STRANGE, among_developers
from rag.lexical import Lexical
from rag.talk import Talk, spoken
from rag.tokens import is_chinese, normalised, words

THRESHOLD = 0.5
"""Relevance from which a message is ours though it was put to nobody: of a course's labelled questions 91 %
pass, of other messages in its group 16 %. Of those that also seek an answer it is 89 and 12 %."""

GROUNDS = 0.35
"""Relevance from which a question is answered that was put to the bot: 96 % pass."""

FOREIGN = 0.15
"""Relevance below which a question that was put to the bot is not even the course's: of small talk 84 % lie
there, of the course's questions 1 %."""

SIGNS = (
    "always",
    "passage",
    "strange",
    "everyday",
    "asking",
    "failing",
    "social",
    "selling",
    "to somebody",
    "errand",
)
"""The names of what `signs` gives, in its order."""

# Letters beside digits or joints: ERR_7, --flag, a/b.py.
_NAME = re.compile(r"[a-z\d]++(?:[-._/+:@#]++[a-z\d]++)*+")
_PLAIN_NAME = re.compile(r"[a-z]+|\d+")
_SHORTEST_NAME, _FEW = 6, 20

# So much evidence, in nats, is 1 of the sign.
_PASSAGE = 5.0
# Many weak words prove nothing: a pasted log has hundreds.
_STRONGEST = 5
# A small knowledge base is smoothed by so many words of everyday writing.
_SMOOTHING = 1000
# A word that the documents lack counts no more than this against a message.
_LEAST = -6.0


def names_what_is_there(query: str, lexical: Lexical) -> bool:
    """Whether a message has an error code, flag, path or file name that some passages have, and few."""
    every = _NAME.findall(spoken(normalised(query)))
    names = [one for one in every if len(one) >= _SHORTEST_NAME and not _PLAIN_NAME.fullmatch(one)]
    held = lexical.lookup("words", names).held if names and lexical.size else np.zeros(0)
    return bool(((held > 0) & (held <= _FEW)).any())


def signs(query: str, lexical: Lexical) -> NDArray[np.float64]:
    """The signs of one message, shape (len(SIGNS),), each about 0 to 3 in size."""
    text = normalised(query)
    heard = {kind: float(kind.heard(text)) for kind in Talk}
    asking = max(heard[Talk.ASKING], heard[Talk.FAILING])
    # Who thanks for the answer in advance asks.
    heard[Talk.SOCIAL] *= 1 - asking
    heard[Talk.ASKING] = asking
    return np.array([1.0, *_of_words(sorted(set(words(spoken(text)))), lexical), *heard.values()])


def _of_words(terms: list[str], lexical: Lexical) -> tuple[float, float, float]:
    """What one passage gathers, the share of strange names that no passage has, how everyday the words are.

    Each word is worth the logarithm of how much oftener these documents say it than people do. What counts
    is the passage that gathers most of the strongest: words of the course scattered over it prove nothing.
    """
    if not terms or not lexical.size:
        return 0.0, 0.0, 0.0
    lookup = lexical.lookup("words", terms)
    chinese = np.array([is_chinese(term) for term in terms])
    common = np.array([among_developers(term) for term in terms])
    mass = np.where(chinese, *lexical.mass("words"))
    worth = np.log((lookup.counts / common + _SMOOTHING) / (mass + _SMOOTHING))
    weak = np.argsort(worth, kind="stable")[:-_STRONGEST]
    strong = worth.clip(0)
    strong[weak] = 0
    name = np.array([len(term) > 2 and term.isalpha() for term in terms]) & ~chinese & (common <= STRANGE)
    return (
        float(lookup.gathered(strong).max()) / _PASSAGE,
        float((name & (lookup.held == 0)).sum() / max(name.sum(), 1)),
        float(worth.clip(_LEAST, 0).mean()),
    )
