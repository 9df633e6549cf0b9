"""The words of knowledge: Document, Section, Passage, Hit, Found, Source, Answer, and the errors.

RagError
├── SourceUnavailable    a source as a whole cannot be read (folder missing, empty, no permission)
├── DocumentUnreadable   one document of it cannot; it is skipped and named
├── IndexUnavailable     no index, or one that is damaged or of another embedding model
├── EmbedderUnavailable  the embedding model cannot be loaded or reached
└── ModelUnavailable     the language model is down, hanging, empty, or refuses
    ├── PromptTooLong    what it is asked does not fit into its context
    └── Interrupted      it broke off in mid-answer
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Outcome = Literal["answered", "quoted", "no_evidence", "not_ours"]
Notice = Literal[
    "",
    "no_model",
    "model_down",
    "waiting",
    "remembered",
    "noted",
    "greeting",
    "thanks",
    "complaint",
]
Kind = Literal["prose", "qa"]


class RagError(Exception):
    """Its text is one sentence for the operator: what, where, what to do."""


class SourceUnavailable(RagError):
    """A source as a whole cannot be read."""


class DocumentUnreadable(RagError):
    """One document cannot be read; `str(error)` is the reason alone, without the document's name."""


class IndexUnavailable(RagError):
    """There is no index that can be searched."""


class EmbedderUnavailable(RagError):
    """The embedding model cannot be loaded or reached."""


class ModelUnavailable(RagError):
    """The language model gave no usable answer."""


class PromptTooLong(ModelUnavailable):
    """What the model is asked does not fit into its context; a shorter prompt may."""


class Interrupted(ModelUnavailable):
    """The model broke off after its answer had begun; asked anew it may end it."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text up to the next heading; `heading_path` ends with the heading itself."""

    heading_path: tuple[str, ...]
    text: str
    anchor: str
    first_line: int
    last_line: int
    kind: Kind = "prose"


@dataclass(frozen=True, slots=True)
class Document:
    """One page of the course. `id` is unique over all sources, `path` is relative to its source's root."""

    id: str
    path: str
    title: str
    url: str
    revision: str
    sections: tuple[Section, ...]
    cohort: str = ""
    session: str = ""
    mark: str = ""
    """Tells its source at the next run that nothing changed (size and time, ETag, edit time); no content."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A document that is as it was; `mark` is a better one than that which said so, if there is any."""

    path: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A document that a source could not give, and why; what the index holds of it stays."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Passage:
    """What is found and quoted: a section, or a part of a long one.

    `id` names the place (document, heading path, part) and stays when the text changes; `span` is
    its first and last line in the document; `url` leads to the heading.
    """

    id: str
    document_id: str
    path: str
    title: str
    heading_path: tuple[str, ...]
    text: str
    url: str
    revision: str
    span: tuple[int, int]
    kind: Kind = "prose"
    cohort: str = ""
    session: str = ""

    @property
    def heading(self) -> str:
        """The heading it stands under; the document's title where there is none."""
        return self.heading_path[-1] if self.heading_path else self.title


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found; scores of one search compare with each other, not across searches."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: at most one hit a section, best first, and how surely the query is the course's.

    `relevance` is in 0..1; `ours` says whether it reaches the threshold.
    """

    query: str
    hits: tuple[Hit, ...]
    relevance: float
    ours: bool


@dataclass(frozen=True, slots=True)
class Source:
    """The place an answer stands on, as the student sees it and can click it.

    `passage` and `document` are the ids of what stood there, `digest` is one of its heading and text.
    """

    title: str
    heading: str
    url: str
    revision: str
    passage: str = ""
    document: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost, in tokens; `cached` are those of the prompt that were computed before."""

    prompt: int
    completion: int
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """No server of the model answers just now, and it is tried again; `problem` is for the operator."""

    problem: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as far as it has grown; each one replaces the one before, the last has `final` set.

    `text` holds no fixed sentences: those are the bot's. `notice` says why passages are quoted instead of
    a model's words, that the model is waited for, that the asker's own words are told back or were only
    noted, or what kind of courtesy it answers. `told` are words of the asker's own that the answer's use
    depends on (Markdown).
    `ms` maps a step's name to its milliseconds.
    """

    text: str
    sources: tuple[Source, ...]
    outcome: Outcome
    standalone: str
    notice: Notice = ""
    final: bool = False
    ms: Mapping[str, float] = field(default_factory=dict)
    usage: Usage | None = None
    told: str = ""


class Exchange(Protocol):
    """A question and its answer, as a history holds them; `at` is Unix seconds of the question."""

    @property
    def question(self) -> str: ...
    @property
    def answer(self) -> str: ...
    @property
    def at(self) -> float: ...


class Fact(Protocol):
    """What the asker said of themself, in their own words or a model's; `at` is Unix seconds of when."""

    @property
    def text(self) -> str: ...
    @property
    def at(self) -> float: ...


OTHERS = "[another student] "
"""What the question of somebody else begins with, where several share a conversation."""


async def _nothing() -> Sequence[Exchange]:
    return ()


@dataclass(frozen=True, slots=True)
class Past:
    """What is remembered of a conversation, oldest first; `facts` are the asker's alone.

    `history` are the newest exchanges, of others too where they share one memory: their questions begin
    with OTHERS. `summary` tells of those before. `own` fetches all that the asker asked here and is kept.
    """

    history: Sequence[Exchange] = ()
    summary: str = ""
    facts: Sequence[Fact] = ()
    own: Callable[[], Awaitable[Sequence[Exchange]]] = _nothing


NO_PAST = Past()


@dataclass(frozen=True, slots=True)
class Followup:
    """A question in its conversation: `text` stands alone, for people, a model, and whether it is ours.

    Where it lies is found by the `question` itself, with the `facts` that the asker told where it asks about
    them, near what the questions `after` which it was put find, oldest first.
    """

    text: str
    question: str
    facts: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class Searcher(Protocol):
    """The one door to what is indexed."""

    def search(self, query: str, k: int = 10, cohort: str = "", followup: Followup | None = None) -> Found:
        """The k best sections, those of the cohort first among equals; an empty one prefers none.

        With a `followup`, whose text the query is, what was asked before has a say in their order.
        """


Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how much of it is done, and how much there is in all; 0 where nobody knows."""
