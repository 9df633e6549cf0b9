"""What the Feishu source needs of a client, and how an answer without data becomes one of our errors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from rag.sources.feishu.json import Json, objects, words
from rag.types import DocumentUnreadable, SourceUnavailable


class Answer(Protocol):
    """The `data` of an answer, or the `trouble` and its `reason`, one sentence for the operator."""

    @property
    def data(self) -> Mapping[str, object]: ...
    @property
    def trouble(self) -> Literal["", "gone", "scope", "down", "other"]: ...
    @property
    def reason(self) -> str: ...


class Feishu(Protocol):
    """A client that keeps Feishu's pace, repeats what failed in passing, and never raises."""

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer: ...

    def post(
        self, path: str, body: Mapping[str, object], params: Mapping[str, str] | None = None
    ) -> Answer: ...


class Gone(DocumentUnreadable):
    """It is there no longer, or not for this app: both look the same from outside."""


class ScopeMissing(SourceUnavailable):
    """The app lacks a right that one kind of call needs; others may work."""


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of one source, `name` in its sentences.

    Each raises Gone, DocumentUnreadable for other trouble with this one thing, ScopeMissing, or
    SourceUnavailable when nothing can be read.
    """

    name: str
    api: Feishu

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """The data at a path below /open-apis."""
        return self._data(self.api.get(f"/open-apis{path}", params))

    def post(self, path: str, body: Json, params: Mapping[str, str] | None = None) -> Json:
        """The data that a search finds."""
        return self._data(self.api.post(f"/open-apis{path}", body, params))

    def pages(
        self,
        path: str,
        size: int,
        params: Mapping[str, str] | None = None,
        body: Json | None = None,
        items: str = "items",
        token: str = "page_token",
    ) -> Iterator[Json]:
        """All items of a list; a page may be empty and still not the last one."""
        asked = {**(params or {}), "page_size": str(size)}
        turned: set[str] = set()
        while True:
            data = self.get(path, asked) if body is None else self.post(path, body, asked)
            if items not in data and "has_more" not in data:
                raise DocumentUnreadable(f"Feishu sent no list of {path}")
            yield from objects(data.get(items))
            following = words(data.get(token))
            if not data.get("has_more"):
                return
            if not following or following in turned:
                raise DocumentUnreadable(f"Feishu lists {path} without an end")
            turned.add(following)
            asked["page_token"] = following

    def _data(self, answer: Answer) -> Json:
        if answer.trouble == "gone":
            raise Gone(answer.reason)
        if answer.trouble == "scope":
            raise ScopeMissing(f"source {self.name!r}: {answer.reason}")
        if answer.trouble == "down":
            raise SourceUnavailable(f"source {self.name!r}: {answer.reason}")
        if answer.trouble:
            raise DocumentUnreadable(answer.reason)
        return answer.data
