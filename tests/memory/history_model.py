"""What a history is to remember, said once more in plain Python."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from memory.base import Fact, Turn


@dataclass(slots=True)
class HistoryModel:
    """One conversation. Turns are counted from the first there ever was; `gone` of them are not kept."""

    window: int
    kept: int
    turns: list[Turn] = field(default_factory=list)
    gone: int = 0
    since: int = 0
    told: int = 0
    summary: str = ""
    facts: list[Fact] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.gone + len(self.turns)

    @property
    def start(self) -> int:
        """Where the window begins: it grows, and is cut when it is too long."""
        start = self.since
        while self.count - start > self.window:
            start += self.window * 2 // 5
        return start

    def shown(self) -> list[Turn]:
        return self.turns[self.start - self.gone :]

    def older(self) -> list[Turn]:
        return self.turns[: self.start - self.gone]

    def unfolded(self) -> list[Turn]:
        return self.turns[max(self.told, self.since, self.gone) - self.gone : self.start - self.gone]

    def facts_of(self, sender: str) -> list[Fact]:
        return [fact for fact in self.facts if fact.sender == sender]

    def append(self, turn: Turn, facts: Sequence[Fact], edited: bool = False) -> None:
        same = [at for at, old in enumerate(self.turns) if old.message_id == turn.message_id]
        if same and same[-1] >= self.start - self.gone:
            self.turns[same[-1]] = turn
        else:
            if same and edited:
                self._take_back(same[-1])
            self.turns.append(turn)
            self.gone += max(0, len(self.turns) - self.kept)
            self.turns = self.turns[-self.kept :]
        own = (turn.sender, turn.message_id)
        self.facts = [fact for fact in self.facts if (fact.sender, fact.message_id) != own]
        self._learn(facts)

    def fold(self, summary: str, turns: Sequence[Turn], facts: Sequence[Fact]) -> None:
        self.told = max(self.told, self.since, self.gone) + len(turns)
        self.summary = summary
        self._learn(facts)

    def clear(self) -> None:
        self.since, self.told, self.summary = self.count, 0, ""

    def forget(self, sender: str) -> None:
        before = [turn for turn in self.turns[: max(0, self.since - self.gone)] if turn.sender != sender]
        others = [turn for turn in self.turns if turn.sender != sender]
        if len(others) < len(self.turns):
            self.since = self.gone + len(before)
        self.turns, self.told, self.summary = others, 0, ""
        if not others:
            self.gone = self.since = 0
        self.facts = [fact for fact in self.facts if fact.sender != sender]

    def _take_back(self, at: int) -> None:
        del self.turns[at]
        self.since -= self.since > self.gone + at
        self.told -= self.told > self.gone + at

    def _learn(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            same = [old for old in self.facts if (old.sender, old.text) == (fact.sender, fact.text)]
            if not any(old.at > fact.at for old in same):
                others = [old for old in self.facts if old not in same]
                self.facts = sorted([*others, fact], key=lambda one: one.at)
