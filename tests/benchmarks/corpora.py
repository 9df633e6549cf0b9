"""Courses made up for measuring: words of the sample course in new orders, the same for the same seed."""

import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.embedder import Vectors
from rag.sources import Known
from rag.types import Document, Progress, Section, Unchanged

_SAMPLE = Path(__file__).parents[2] / "docs" / "course"
# Runs of Chinese are cut into short pieces: that is how new sentences come about.
_PIECE = re.compile(r"[\u3400-\u9fff]{2,4}|[A-Za-z][\w.+-]{2,}")


class Words:
    """The words of the sample course with the frequencies that they have there, and rare ones of our own."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        pages = sorted(_SAMPLE.rglob("*.md"))
        self._said = [word for page in pages for word in _PIECE.findall(page.read_text("utf-8"))]

    def some(self, number: int) -> str:
        """A text of so many words; one in twenty stands in few texts."""
        words = self._random.choices(self._said, k=number)
        return " ".join(self._rare() if self._random.random() < 0.05 else word for word in words)

    def page(self, sections: int = 6, words: int = 60) -> str:
        """A page of Markdown."""
        parts = [f"## {self.some(4)}\n\n{self.some(words)}。\n" for _ in range(sections)]
        return f"# {self.some(3)}\n\n" + "\n".join(parts)

    def question(self) -> str:
        """Words as a student might ask for them."""
        return self.some(self._random.randint(3, 9))

    def _rare(self) -> str:
        return f"{self._random.choice(self._said)}{self._random.randrange(20_000)}"


def write_course(folder: Path, files: int, words: Words) -> None:
    """So many pages of Markdown in twenty folders."""
    for number in range(files):
        page = folder / f"lesson{number % 20:02}" / f"page{number:05}.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(words.page(), "utf-8")


@dataclass(slots=True)
class Generated:
    """A source of made-up documents, ten sections each; `revisions` counts how often one was changed."""

    name: str
    held: int
    words: int = 40
    revisions: dict[int, int] = field(default_factory=dict)

    def documents(self, known: Known) -> Iterator[Document | Unchanged]:
        """Those that changed, and a word about those that did not."""
        words = Words(self.held)
        for number in range(self.held):
            path, mark = f"page{number:06}", f"r{self.revisions.get(number, 0)}"
            yield Unchanged(path) if known.get(path) == mark else self._document(path, mark, words)

    def _document(self, path: str, mark: str, words: Words) -> Document:
        sections = tuple(
            Section((path, words.some(3)), words.some(self.words), f"s{at}", at, at) for at in range(10)
        )
        return Document(f"{self.name}/{path}", path, path, f"/read/{path}", mark, sections, mark=mark)


class ClusteredEmbedder:
    """Vectors as a model gives them: a text is of three themes, more of one than of another, by chance."""

    id = "clustered-512"
    share = 0.5
    dimension = 512

    def __init__(self, themes: int = 400, spread: float = 0.5) -> None:
        chance = np.random.default_rng(0)
        self._themes = _unit(chance.standard_normal((themes, self.dimension), np.float32))
        self._spread = spread / self.dimension**0.5

    def documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        return np.stack([self.query(text) for text in texts])

    def query(self, text: str) -> Vectors:
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        chance = np.random.default_rng(int.from_bytes(digest, "little"))
        themes = self._themes[chance.integers(len(self._themes), size=3)]
        noise = self._spread * chance.standard_normal(self.dimension, np.float32)
        return _unit(chance.random(3, np.float32) @ themes + noise)


def _unit(vectors: Vectors) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit
