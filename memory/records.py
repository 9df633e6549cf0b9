"""What is kept for the staff, as lines of JSON with named fields: another one with a default does no harm."""

import json
from collections.abc import Mapping
from typing import Any

VERSION = 1


def line_of(fields: Mapping[str, object]) -> str:
    """The fields as one line."""
    return json.dumps([VERSION, fields], ensure_ascii=False, separators=(",", ":"))


def fields_of(line: str | None) -> dict[str, Any]:
    """The fields on the line; none where it is damaged or of a version to come."""
    try:
        version, fields = json.loads(line or "")
    except (ValueError, TypeError):
        return {}
    return fields if version == VERSION and isinstance(fields, dict) else {}
