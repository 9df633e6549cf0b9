"""What .docx, .pptx and .xlsx have in common: a zip archive of XML, looked at before a parser opens it."""

import io
import zipfile

from rag.types import DocumentUnreadable

_LARGEST = 500 * 1024 * 1024
_MOST_FILES = 20_000
_CHUNK = 1 << 18
_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"


def checked(data: bytes) -> io.BytesIO:
    """The file for its parser; DocumentUnreadable if it is damaged, a zip bomb, or defines entities.

    Every file in it is read once, in pieces: what the archive declares of itself need not be true.
    """
    if data.startswith(_OLD_OR_ENCRYPTED):
        raise DocumentUnreadable("encrypted or of an old format; save it anew without a password")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_FILES or sum(entry.file_size for entry in entries) > _LARGEST:
                raise DocumentUnreadable(f"it would unpack to more than {_LARGEST >> 20} MB")
            for entry in entries:
                _check(archive, entry)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise DocumentUnreadable("damaged, or not what its name says") from error
    return io.BytesIO(data)


def _check(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    xml = entry.filename.endswith((".xml", ".rels"))
    with archive.open(entry) as file:
        end = b""
        while chunk := file.read(_CHUNK):
            # Without the zeros UTF-16 reads as ASCII does.
            if xml and b"<!DOCTYPE" in (end + chunk).replace(b"\0", b""):
                raise DocumentUnreadable("its XML defines entities, which no office program writes")
            end = chunk[-32:]
