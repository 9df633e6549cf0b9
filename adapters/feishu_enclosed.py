"""What goes with a reply at Feishu: pictures and files, each a message of its own."""

from adapters.base import Enclosure
from adapters.feishu_cards import Json
from adapters.feishu_client import FeishuClient
from adapters.feishu_sent import Enclosed, Sent

_PICTURES = frozenset(f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp", "bmp"))


def begun(enclosure: Enclosure) -> Sent:
    """The message with it, about to be sent."""
    form: Enclosed = "image" if enclosure.media_type in _PICTURES else "file"
    return Sent.enclosure(form, enclosure.name, enclosure.data)


async def uploaded(client: FeishuClient, enclosure: Enclosure) -> Json:
    """The content of the message. Raises AttachmentRefused and DeliveryFailed."""
    if begun(enclosure).form == "image":
        return {"image_key": await client.upload_image(enclosure.data)}
    return {"file_key": await client.upload_file(enclosure.name, enclosure.data)}


def not_sent(enclosure: Enclosure) -> Json:
    """What is said, as text, where Feishu does not take it."""
    return {"text": f"📎 {enclosure.name}：发不出来。 It could not be sent."}
