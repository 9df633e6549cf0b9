"""The frames of Feishu's long connection: protobuf messages, of which little is used.

They are read here and not by lark-oapi, whose own reader comes only with the whole of it.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

CONTROL, DATA = 0, 1

_SEQUENCE, _LOG, _SERVICE, _METHOD, _HEADER, _PAYLOAD = 1, 2, 3, 4, 5, 8
_VARINT, _BYTES = 0, 2
_LONGEST_VARINT = 10

_KEPT_FOR = 10.0  # seconds; Feishu sends an event again after fifteen
_MOST_EVENTS, _MOST_PARTS, _MOST_BYTES = 64, 64, 8_000_000


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame by its fields in their order, also those that nothing here knows."""

    fields: tuple[tuple[int, int | bytes], ...]

    @property
    def method(self) -> int:
        return next((value for number, value in self._numbers if number == _METHOD), -1)

    @property
    def payload(self) -> bytes:
        return next((value for number, value in self._texts if number == _PAYLOAD), b"")

    @property
    def headers(self) -> Mapping[str, str]:
        """Raises ValueError where they are none."""
        pairs = [dict(_fields(value)) for number, value in self._texts if number == _HEADER]
        return {_text(pair.get(1)): _text(pair.get(2)) for pair in pairs}

    def answered(self, payload: bytes, **headers: str) -> "Frame":
        """The same with this payload, and more headers."""
        kept = [one for one in self.fields if one[0] != _PAYLOAD]
        more = [(_HEADER, _header(key, value)) for key, value in headers.items()]
        return Frame((*kept, *more, (_PAYLOAD, payload)))

    @property
    def _numbers(self) -> list[tuple[int, int]]:
        return [(number, value) for number, value in self.fields if isinstance(value, int)]

    @property
    def _texts(self) -> list[tuple[int, bytes]]:
        return [(number, value) for number, value in self.fields if isinstance(value, bytes)]


def ping(service: int) -> Frame:
    """The sign of life that the server answers with a pong."""
    numbers = ((_SEQUENCE, 0), (_LOG, 0), (_SERVICE, service), (_METHOD, CONTROL))
    return Frame((*numbers, (_HEADER, _header("type", "ping"))))


def encode(frame: Frame) -> bytes:
    return b"".join(_field(number, value) for number, value in frame.fields)


def decode(data: bytes) -> Frame:
    """Raises ValueError where it is no frame."""
    return Frame(tuple(_fields(data)))


@dataclass(slots=True)
class _Bundle:
    """The parts of one event that have come, and when the first did."""

    count: int
    since: float
    parts: dict[int, bytes] = field(default_factory=dict)


class Parts:
    """Joins events that came in several frames; one of which a part is lost will come again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._bundles: dict[str, _Bundle] = {}

    def joined(self, frame: Frame) -> bytes | None:
        """The whole event, or None while parts of it are missing. Raises ValueError."""
        headers = frame.headers
        count, number = int(headers.get("sum") or 1), int(headers.get("seq") or 0)
        if count <= 1:
            return frame.payload
        if not 0 <= number < count <= _MOST_PARTS:
            raise ValueError("the parts of an event are numbered wrongly")
        id = headers.get("message_id", "")
        self._tidy()
        bundle = self._bundles.setdefault(id, _Bundle(count, self._clock()))
        bundle.parts[number] = frame.payload
        if len(bundle.parts) < bundle.count:
            return None
        del self._bundles[id]
        return b"".join(bundle.parts[at] for at in sorted(bundle.parts))

    def _tidy(self) -> None:
        """Forget what is too old, and the oldest of what is too much."""
        since = self._clock() - _KEPT_FOR
        self._bundles = {id: one for id, one in self._bundles.items() if one.since > since}
        while len(self._bundles) >= _MOST_EVENTS or self._size() > _MOST_BYTES:
            del self._bundles[next(iter(self._bundles))]

    def _size(self) -> int:
        return sum(len(part) for one in self._bundles.values() for part in one.parts.values())


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
            raise ValueError("a frame is broken off, or has fields of an unknown kind")


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A varint, and where it ends."""
    value = 0
    for place, byte in enumerate(data[at : at + _LONGEST_VARINT]):
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at + place + 1
    raise ValueError("a number in a frame has no end")


def _field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3 | _VARINT) + _varint(value)
    return _varint(number << 3 | _BYTES) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _header(key: str, value: str) -> bytes:
    return _field(1, key.encode()) + _field(2, value.encode())


def _text(value: int | bytes | None) -> str:
    if not isinstance(value, bytes):
        raise ValueError("a header of a frame has no text")
    return value.decode()
