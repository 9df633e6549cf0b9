"""Whose memory a message belongs to: the one place that makes conversation keys.

A key reads `platform:chat`, or that with thread and sender behind it. A part is quoted, so that no id,
whatever is in it, can be read as another conversation's key.
"""

from urllib.parse import quote

from adapters.base import Conversation, Sender
from bot.course import Course, Group, MemoryScope


def conversation_key(conversation: Conversation, sender: Sender, scope: MemoryScope) -> str:
    """The key under which this is remembered.

    `member`: each person's own, in each chat and thread; `thread`: all who write in a thread share it;
    `chat`: all of the chat do. What is said in a direct chat is never seen from elsewhere.
    """
    parts = []
    if scope != "chat" or conversation.kind == "direct":
        parts.append(conversation.thread_id)
    if scope == "member" or conversation.kind == "direct":
        parts.append(sender.id)
    return ":".join([chat_key(conversation), *(quote(part, safe="") for part in parts)])


def chat_key(conversation: Conversation) -> str:
    """The key of the whole chat, with which those of its conversations begin."""
    return f"{quote(conversation.platform, safe='')}:{quote(conversation.chat_id, safe='')}"


def chat_of(key: str) -> str:
    """The chat's key of a conversation's."""
    return ":".join(key.split(":")[:2])


def belongs_to(key: str, person: str) -> bool:
    """Whether what is remembered under this key is this person's alone."""
    return key.split(":")[3:] == [quote(person, safe="")]


def group_settings(course: Course, conversation: Conversation) -> Group:
    """[groups."platform:chat"] of course.toml, else [groups.default], else the defaults."""
    own = f"{conversation.platform}:{conversation.chat_id}"
    return course.groups.get(own) or course.groups.get("default") or Group()
