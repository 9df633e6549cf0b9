"""Whether an answer that cites nothing stands on the material, and whether one tells the rules."""

import re
from collections.abc import Sequence

from rag.material import Material
from rag.tokens import grams

LEAST = 1 / 3
"""Of what an answer that cites nothing adds to the question, at least so much stands in the material."""

_LINE = 40
"""Characters of a line of the rules that nobody writes by chance."""


def founded(text: str, material: Material, cites: bool = False) -> bool:
    """Whether enough of what the answer adds to the question stands in what it was to be written from.

    Who only says the question back has answered nothing. Numbers must stand there; of an answer that
    `cites` its passages, anything is enough, since words may be others in another language.
    """
    told = given(material)
    held = _terms(told)
    if cites:
        said = _terms(text)
        return bool(text) and (not said or bool(said & held) or _chinese(text) != _chinese(told))
    added = _terms(text) - _terms(material.question)
    if any(term[0].isdigit() and term not in held for term in added):
        return False
    if _chinese(text) != _chinese(told):
        added = frozenset(term for term in added if term.isascii())
    return len(added & held) >= max(LEAST * len(added), 1)


def lines_of(rules: str) -> tuple[str, ...]:
    """The lines by which the rules are known again."""
    return tuple(line for line in map(_squeezed, rules.splitlines()) if len(line) >= _LINE)


def tells(text: str, lines: Sequence[str]) -> bool:
    """Whether one of these lines stands in the text, however it is broken or marked up."""
    squeezed = _squeezed(text)
    return any(line in squeezed for line in lines)


def given(material: Material) -> str:
    """All that the material says, without the question."""
    passages = [hit.passage for hit in material.hits]
    exchanges = [*material.history, *material.recalled]
    texts = [
        *(f"{one.title} {' '.join(one.heading_path)} {one.text} {one.url}" for one in passages),
        material.summary,
        *(fact.text for fact in material.facts),
        *(f"{exchange.question} {exchange.answer}" for exchange in exchanges),
    ]
    return "\n".join(texts)


def _chinese(text: str) -> bool:
    return any("\u3400" <= character <= "\u9fff" for character in text)


def _terms(text: str) -> frozenset[str]:
    # Single characters are everywhere.
    return frozenset(term for term in grams(text) if len(term) > 1)


def _squeezed(text: str) -> str:
    return re.sub(r"\W+", "", text).lower()
