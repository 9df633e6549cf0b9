"""An answer is taken back: out of the chat, and out of what is remembered."""

import logging

from adapters.base import Adapter, DeliveryFailed
from memory.base import History
from memory.mail import Inbox

log = logging.getLogger(__name__)


async def taken_back(
    inbox: Inbox, history: History, adapter: Adapter, conversation: str, asker: str, message_id: str
) -> bool:
    """Take back the answer to this message of theirs; whether it is gone from the chat.

    It may be done again. Raises MemoryUnavailable.
    """
    sent_id = await inbox.sent(conversation, message_id)
    await history.drop(conversation, asker, message_id)
    if not sent_id:
        return False
    try:
        await adapter.retract(sent_id)
    except DeliveryFailed as error:
        log.warning("the answer to %s stays where it is: %s", message_id, error)
        return False
    return True
