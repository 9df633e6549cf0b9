"""Every key in Redis, one line each, with how long it stays.

A key reads `puyu:{owner}:name`. A cluster places a key by what stands in the braces, so the keys of
one conversation, or of one person, share a slot, and one script may touch them all.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Key:
    """A kind of key; `expiry` counts from the last write."""

    name: str
    expiry: timedelta

    def of(self, owner: str) -> str:
        """The key of this conversation or person."""
        return f"puyu:{{{owner}}}:{self.name}"


# Of a conversation.
HISTORY = Key("history", timedelta(days=30))  # list: its newest turns, oldest first

# Of a person.
VOTES = Key("votes", timedelta(days=180))  # hash: message id -> up or down
