"""What the staff is told of answers that go live, in Chinese and English."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences in one language; braces are filled with str.format."""

    staff: str
    live: str
    withdrawn: str
    not_kept: str
    late: str
    refused: str
    more: str


CHINESE = Words(
    staff="助教",
    live="✅ 已上线：以后谁问「{question}」，都会得到 {author} 的这个回答（{by} 通过，用时 {seconds} 秒）。",
    withdrawn="已下线：这个回答不再提供给任何人。",
    not_kept="评测集 {file} 写不进去（{reason}），这个问题没有加进去。",
    late="⚠️ 还没有上线，我会一直再试。问题是：{reason}",
    refused="⚠️ 还没有上线：加上这个回答之后，评测集里的这些问题会答错：{questions}。可以改一改再通过；"
    "管理员也可以发送 /reindex --force 直接上线。",
    more=" 等 {count} 个",
)

ENGLISH = Words(
    staff="the staff",
    live="✅ Live: whoever asks “{question}” from now on gets this answer of {author}'s (approved by {by},"
    " after {seconds} s).",
    withdrawn="Taken down: nobody is given this answer any more.",
    not_kept="{file} cannot be written ({reason}), so the question is not among the golden ones.",
    late="⚠️ Not live yet; I keep trying. What is wrong: {reason}",
    refused="⚠️ Not live yet: with this answer, these questions of the golden set would go wrong: {questions}."
    " Change its question or its text and approve it again; an admin may also send /reindex --force.",
    more=" and others, {count} in all",
)


def words(language: str) -> Words:
    """The sentences in this language."""
    return CHINESE if language == "zh" else ENGLISH
