"""Who comes in to the web page: guests, or people by name and password; the staff by a password of theirs."""

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping

from adapters.base import Sender

GUEST_COOKIE = "puyu_guest"
NAME_COOKIE = "puyu_name"
_GUEST = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"\w[\w .\-]{0,39}")

IsStaff = Callable[[str], Awaitable[bool]]
"""Whether who has this id is of the staff now. Raises nothing."""


async def nobody(_id: str) -> bool:
    """There is no staff."""
    return False


class Visitors:
    """Tells people apart by cookie: a random one, or with a password a signed name, valid while it stays.

    Whoever knows the password can say any name. So what a name of the staff is signed with is the
    `staff_password`; a cookie that was signed before the name became one of the staff's is taken no more.
    Without that password nobody of the staff comes in by name.
    """

    def __init__(
        self, password: str | None, staff_password: str | None = None, is_staff: IsStaff = nobody
    ) -> None:
        self._password = password
        self._staff_password = staff_password
        self._is_staff = is_staff

    @property
    def guests(self) -> bool:
        """Whether people come in without a name."""
        return self._password is None

    @property
    def staffed(self) -> bool:
        """Whether the staff may come in by name."""
        return bool(self._staff_password)

    def admits(self, cookies: Mapping[str, str]) -> bool:
        """Whether who has these cookies may see the course."""
        return self.guests or self._named(cookies)[0] != ""

    async def known(self, cookies: Mapping[str, str]) -> Sender | None:
        """The sender whose cookies these are."""
        name, as_staff = self._named(cookies)
        if name and (as_staff or not await self._is_staff(f"web:{name}")):
            return Sender(f"web:{name}", name)
        guest = cookies.get(GUEST_COOKIE, "")
        if not (self.guests and _GUEST.fullmatch(guest)):
            return None
        # An id stands in logs, and the cookie is a guest's only key.
        return Sender(f"web:guest-{hashlib.sha256(guest.encode()).hexdigest()[:32]}")

    async def admit(self, name: str, password: str) -> str | None:
        """The cookie for a name that comes with the right password."""
        name = unicodedata.normalize("NFKC", name).strip()
        as_staff = await self._is_staff(f"web:{name}")
        wanted = (self._staff_password if as_staff else self._password) or ""
        right = hmac.compare_digest(password.encode(), wanted.encode())
        return _signed(name, wanted, as_staff) if wanted and right and _NAME.fullmatch(name) else None

    def _named(self, cookies: Mapping[str, str]) -> tuple[str, bool]:
        """The name that was signed, empty where none was, and whether as one of the staff."""
        cookie = cookies.get(NAME_COOKIE, "")
        try:
            name = base64.urlsafe_b64decode(cookie.partition(".")[0]).decode()
        except ValueError:
            return "", False
        for password, as_staff in ((self._password, False), (self._staff_password, True)):
            if password and hmac.compare_digest(cookie.encode(), _signed(name, password, as_staff).encode()):
                return name, as_staff
        return "", False


def _signed(name: str, password: str, as_staff: bool) -> str:
    key = hashlib.sha256(f"puyu {'staff' if as_staff else 'web'} {password}".encode()).digest()
    signature = hmac.new(key, name.encode(), "sha256").hexdigest()
    return f"{base64.urlsafe_b64encode(name.encode()).decode()}.{signature}"
