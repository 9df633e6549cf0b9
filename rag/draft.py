"""An answer while the model writes it: what of it can be shown, and whether it says that there is none."""

import re

from rag.citations import Citations
from rag.text import readable

NO_EVIDENCE = "NO_EVIDENCE"
"""The model's whole answer when the passages do not hold it."""


class Draft:
    """Takes the model's text in pieces; `given` is the number of passages it may cite."""

    def __init__(self, given: int) -> None:
        self._citations = Citations(given)
        self._new = ""

    @property
    def abstains(self) -> bool:
        """Whether the model said by now that the passages do not hold the answer, or the rest of it."""
        return NO_EVIDENCE in self._new

    @property
    def order(self) -> tuple[int, ...]:
        """The passages cited by now, counted from 0; the text numbers them from 1 in this order."""
        return self._citations.order

    def add(self, text: str) -> None:
        self._new += readable(text)

    def shown(self) -> str:
        """What can be shown by now: each is the beginning of the next, and empty until there is a word."""
        sure = len(self._new) - _begun(self._new)
        text = self._citations.grow(self._new[:sure])
        self._new = self._new[sure:]
        return _worded(text)

    def close(self) -> str:
        """The whole answer, up to where the model abstains; empty if no word is left of it."""
        self._citations.grow(self._new.partition(NO_EVIDENCE)[0])
        return _worded(self._citations.close())


def _begun(text: str) -> int:
    """How many characters at the end may be the beginning of NO_EVIDENCE."""
    return next((n for n in range(len(NO_EVIDENCE), 0, -1) if text.endswith(NO_EVIDENCE[:n])), 0)


def _worded(text: str) -> str:
    # A number in brackets is no word.
    return text if re.search(r"\w", re.sub(r"\[\d+\]", "", text)) else ""
