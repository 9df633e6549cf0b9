"""An answer chain whose answers can be foretold: it says the question back, word by word."""

from collections.abc import AsyncGenerator

from rag.types import NO_PAST, Answer, Outcome, Past, Source

PAGE = Source("LMDeploy", "量化", "/read/course/lmdeploy.md#量化", "0123456789ab")


class EchoAnswers:
    """Grows "You asked: …", or raises `fails_with`; it notes what it was asked, and after what."""

    def __init__(self, outcome: Outcome = "answered", fails_with: Exception | None = None) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.cohorts: list[str] = []
        self._outcome = outcome
        self._fails_with = fails_with

    async def stream(self, question: str, past: Past = NO_PAST, cohort: str = "") -> AsyncGenerator[Answer]:
        self.cohorts.append(cohort)
        self.asked.append((question, [turn.question for turn in past.history]))
        if self._fails_with:
            raise self._fails_with
        words = f"You asked: {question}".split()
        for end in range(1, len(words)):
            yield Answer(" ".join(words[:end]), (), self._outcome, question)
        yield Answer(" ".join(words), (PAGE,), self._outcome, question, final=True)
