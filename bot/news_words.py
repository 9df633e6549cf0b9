"""What askers are told when what an answer stood on has changed, in Chinese and English."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences in one language; braces are filled with str.format."""

    lead: str
    others: str


CHINESE = Words(
    lead="📌 你问过「{question}」，当时参考的「{place}」已经更新，现在是这样写的：",
    others="当时参考的另外 {count} 处也更新了，列在下面。",
)

ENGLISH = Words(
    lead="📌 You asked “{question}”. What the answer stood on, “{place}”, has changed; it says now:",
    others="{count} more of the places that it stood on have changed; they are listed below.",
)


def words(language: str) -> Words:
    """The sentences in this language."""
    return CHINESE if language == "zh" else ENGLISH
