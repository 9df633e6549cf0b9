"""What one may ask next, offered below an answer in a direct chat."""

from adapters.base import Reply
from adapters.feishu_client import FeishuClient

_MOST, _LONGEST = 3, 200


async def offer(client: FeishuClient, message_id: str, reply: Reply) -> None:
    """Offer it below this message of the bot, in one try. Raises DeliveryFailed."""
    if questions := questions_of(reply):
        path = f"/open-apis/im/v1/messages/{message_id}/push_follow_up"
        bubbles = [{"content": question} for question in questions]
        await client.call("POST", path, body={"follow_ups": bubbles}, frame=True)


def questions_of(reply: Reply) -> list[str]:
    """The places that an answer leans on besides its first; what is no answer has no buttons."""
    if not reply.buttons:
        return []
    first, *others = [_question(one.title, one.heading) for one in reply.sources] or [""]
    return [one for one in dict.fromkeys(others) if one != first][:_MOST]


def _question(title: str, heading: str) -> str:
    """A heading that asks, or what it is about before it."""
    asks = heading.endswith(("？", "?"))
    return " ".join((heading if asks else f"{title} {heading}").split())[:_LONGEST]
