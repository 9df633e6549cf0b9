"""The methods of the fake Bot API that send a file; as an upload, not by its id or address."""

from io import BytesIO

from PIL import Image, UnidentifiedImageError

from tests.fakes import telegram_pieces as pieces
from tests.fakes.telegram_messages import Method, Service, room_of, sent
from tests.fakes.telegram_pieces import Piece
from tests.fakes.telegram_wire import Parameters, Refused, Upload, bad

LARGEST_PHOTO, LARGEST_FILE = 10_000_000, 50_000_000
LONGEST_SIDES, LONGEST_TO_SHORTEST = 10_000, 20


def send_photo(service: Service, call: Parameters) -> Piece:
    upload = _upload(service, call, "photo")
    if len(upload.content) > LARGEST_PHOTO:
        raise bad("file is too big")
    try:
        width, height = Image.open(BytesIO(upload.content)).size
    except (UnidentifiedImageError, OSError):
        raise bad("IMAGE_PROCESS_FAILED") from None
    if width + height > LONGEST_SIDES or max(width, height) > LONGEST_TO_SHORTEST * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return _sent(service, call, upload, {"photo": pieces.photo(upload.content, service.store)})


def send_document(service: Service, call: Parameters) -> Piece:
    upload = _upload(service, call, "document")
    made = pieces.document(upload.name, upload.content, upload.media_type, service.store)
    return _sent(service, call, upload, {"document": made})


def _upload(service: Service, call: Parameters, kind: str) -> Upload:
    upload = call.raw.get(kind)
    if upload is None:
        raise bad(f"there is no {kind} in the request")
    if not isinstance(upload, Upload):
        raise bad("wrong file identifier/HTTP URL specified")
    if not upload.content:
        raise bad("file must be non-empty")
    if len(upload.content) > LARGEST_FILE:
        raise Refused(413, "Request Entity Too Large")
    if call.text("caption"):
        raise bad("this server takes no captions")
    if not room_of(service, call).filed:
        raise bad(f"not enough rights to send {kind}s to the chat")
    return upload


def _sent(service: Service, call: Parameters, upload: Upload, content: Piece) -> Piece:
    kept = sent(service, call, content)
    kept.upload = upload
    return kept.wire


METHODS: dict[str, Method] = {"sendPhoto": send_photo, "sendDocument": send_document}
