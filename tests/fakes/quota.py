"""A quota that has made up its mind."""

from memory.base import Allowance, Refused


class FixedQuota:
    """Says the same of every question, or raises `fails_with`; it notes what it was asked about."""

    def __init__(self, refused: Refused | None = None, fails_with: Exception | None = None) -> None:
        self.spent: list[tuple[str, str, str]] = []
        self._refused = refused
        self._fails_with = fails_with

    async def spend(
        self, question_id: str, person: str, group: str, at: float, allowance: Allowance
    ) -> Refused | None:
        self.spent.append((question_id, person, group))
        if self._fails_with:
            raise self._fails_with
        return self._refused
