"""The binary frames of Feishu's long connection, read and written byte by byte."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

CONTROL, DATA = 0, 1
_VARINT, _BYTES = 0, 2


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; `method` is CONTROL or DATA."""

    method: int
    headers: Mapping[str, str]
    payload: bytes = b""
    service: int = 0
    sequence: int = 0
    log: int = 0
    payload_encoding: str = ""
    payload_type: str = ""
    log_new: str = ""

    @property
    def kind(self) -> str:
        return self.headers.get("type", "")


def encode(frame: Frame) -> bytes:
    numbers = (frame.sequence, frame.log, frame.service, frame.method)
    parts = [_tagged(number, value) for number, value in enumerate(numbers, 1)]
    for key, value in frame.headers.items():
        parts.append(_tagged(5, _tagged(1, key.encode()) + _tagged(2, value.encode())))
    texts = {6: frame.payload_encoding.encode(), 7: frame.payload_type.encode()}
    texts |= {8: frame.payload, 9: frame.log_new.encode()}
    parts += [_tagged(number, text) for number, text in texts.items() if text]
    return b"".join(parts)


def decode(data: bytes) -> Frame:
    """Raises ValueError where it is no frame, or one without what each must have."""
    numbers: dict[int, int] = {}
    texts: dict[int, bytes] = {}
    headers: dict[str, str] = {}
    for number, value in _fields(data):
        if isinstance(value, int):
            numbers[number] = value
        elif number == 5:
            pair = {part: content for part, content in _fields(value) if isinstance(content, bytes)}
            headers[pair.get(1, b"").decode()] = pair.get(2, b"").decode()
        else:
            texts[number] = value
    if missing := {1, 2, 3, 4} - numbers.keys():
        raise ValueError(f"the frame has no field {missing}")
    encoding, kind, log_new = (texts.get(number, b"").decode() for number in (6, 7, 9))
    return Frame(
        *(numbers[4], headers, texts.get(8, b""), numbers[3], numbers[1], numbers[2]),
        *(encoding, kind, log_new),
    )


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _number(data, at)
        value, at = _number(data, at)
        if tag & 7 == _VARINT:
            yield tag >> 3, value
        elif tag & 7 == _BYTES and at + value <= len(data):
            yield tag >> 3, data[at : at + value]
            at += value
        else:
            raise ValueError("the frame is broken off")


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A varint and where it ends."""
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at
    raise ValueError("the frame is broken off")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _tagged(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3 | _VARINT) + _varint(value)
    return _varint(number << 3 | _BYTES) + _varint(len(value)) + value
