"""Whether an answer that cites nothing stands on the material, and whether one tells the rules."""

import re
from collections.abc import Sequence

from rag.material import Material
from rag.tokens import grams

LEAST = 1 / 3
"""Of what an answer that cites nothing adds to the question, at least so much stands in the material."""

_LINE = 40
"""Characters of a line of the rules that nobody writes by chance."""


def founded(text: str, material: Material) -> bool:
    """Whether enough of what the answer adds to the question stands in what it was to be written from.

    Who only says the question back has answered nothing.
    """
    added = _terms(text) - _terms(material.question)
    return len(added & _terms(_given(material))) >= max(LEAST * len(added), 1)


def lines_of(rules: str) -> tuple[str, ...]:
    """The lines by which the rules are known again."""
    return tuple(line for line in map(_squeezed, rules.splitlines()) if len(line) >= _LINE)


def tells(text: str, lines: Sequence[str]) -> bool:
    """Whether one of these lines stands in the text, however it is broken or marked up."""
    squeezed = _squeezed(text)
    return any(line in squeezed for line in lines)


def _given(material: Material) -> str:
    exchanges = [*material.history, *material.recalled]
    return "\n".join(
        [
            *(
                f"{hit.passage.title} {' '.join(hit.passage.heading_path)} {hit.passage.text}"
                for hit in material.hits
            ),
            material.summary,
            *(fact.text for fact in material.facts),
            *(f"{exchange.question} {exchange.answer}" for exchange in exchanges),
        ]
    )


def _terms(text: str) -> frozenset[str]:
    # Single characters are everywhere.
    return frozenset(term for term in grams(text) if len(term) > 1)


def _squeezed(text: str) -> str:
    return re.sub(r"\W+", "", text).lower()
