"""What `puyu doctor` found of one thing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `detail` is a sentence."""

    name: str
    state: State
    detail: str

    def line(self) -> str:
        """As it is printed."""
        return f"{ {'ok': '✓', 'warning': '!', 'failed': '✗'}[self.state] } {self.name:<10} {self.detail}"


def healthy(checks: Sequence[Check]) -> bool:
    """Whether nothing failed; a warning is no failure."""
    return all(check.state != "failed" for check in checks)
