"""Whose memory a message belongs to: the one place that makes conversation keys."""

from urllib.parse import quote

from adapters.base import Conversation, Sender
from bot.settings import Course, Group, MemoryScope


def conversation_key(conversation: Conversation, sender: Sender, scope: MemoryScope) -> str:
    """The key under which this is remembered.

    `member`: each person's own, in each chat and thread; `thread`: all who write in a thread share it;
    `chat`: all of the chat do. What is said in a direct chat is never seen from elsewhere.
    """
    parts = [conversation.platform, conversation.chat_id]
    if scope != "chat" or conversation.kind == "direct":
        parts.append(conversation.thread_id)
    if scope == "member" or conversation.kind == "direct":
        parts.append(sender.id)
    # A part is quoted so that no id, whatever is in it, can be read as another conversation's key.
    return ":".join(quote(part, safe="") for part in parts)


def group_settings(course: Course, conversation: Conversation) -> Group:
    """[groups."platform:chat"] of course.toml, else [groups.default], else the defaults."""
    own = f"{conversation.platform}:{conversation.chat_id}"
    return course.groups.get(own) or course.groups.get("default") or Group()
