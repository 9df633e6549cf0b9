"""Where a reply of the bot stands at Feishu: in a chat, below a message, in a thread."""

import logging
from dataclasses import dataclass

from adapters.base import DeliveryFailed, Reply
from adapters.feishu_client import FeishuClient
from adapters.feishu_faults import NoAnswer
from adapters.feishu_sent import question_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """A chat, and the message in it that is replied to, if any; `threaded`: in its thread."""

    chat_id: str
    question_id: str = ""
    threaded: bool = False


async def place_of(client: FeishuClient, reply: Reply, key: str) -> Place:
    """In a direct chat one sees what is answered at once, so nothing is quoted there but in threads.

    `key` is the delivery's: where it is not that of the message, this comes later, and quotes it. Into a
    thread Feishu lets nobody write but by replying to a message of it. Raises NoAnswer.
    """
    where, question = reply.conversation, question_of(reply.in_reply_to)
    threaded = bool(where.thread_id)
    if threaded and not question:
        question = await _beginning(client, where.thread_id)
    quoted = threaded or where.kind == "group" or reply.in_reply_to != key
    return Place(where.chat_id, question if quoted else "", threaded)


async def _beginning(client: FeishuClient, thread_id: str) -> str:
    try:
        return await client.beginning(thread_id)
    except NoAnswer:
        raise
    except DeliveryFailed as error:
        # In groups this takes the right to read all messages.
        log.info("What was for a thread is posted in its chat: %s", error)
        return ""
