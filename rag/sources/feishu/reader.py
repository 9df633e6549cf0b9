"""What stands in one document of Feishu: a page of blocks, a spreadsheet, a table of a base."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from rag.loaders.outline import Page
from rag.loaders.table import markdown
from rag.sources.feishu import blocks, rows
from rag.sources.feishu.calls import Calls, Gone, ScopeMissing
from rag.sources.feishu.json import Json, inner, many, number, objects, words
from rag.sources.feishu.rows import Row, Table
from rag.sources.feishu.values import shown
from rag.types import DocumentUnreadable

_logger = logging.getLogger(__name__)

_SHEET, _SYNCED = 30, 50


@dataclass(frozen=True, slots=True)
class Reading:
    """A page, Feishu's number of its revision, and whether it changes by its own edits only."""

    page: Page
    revision: str
    own: bool = True


class Reader:
    """Reads with the calls of one source; raises what they raise."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def revision(self, token: str) -> str:
        """The number of a page's newest revision, by one call; empty where Feishu tells none."""
        return words(inner(self._calls.get(f"/docx/v1/documents/{token}"), "document").get("revision_id"))

    def docx(self, token: str, title: str) -> Reading:
        """A page with the sheets, tables and synced blocks that it shows."""
        path = f"/docx/v1/documents/{token}"
        # The newest one, by -1: an older one by its number may only be read by those who may edit.
        revision = self.revision(token)
        items = list(self._calls.pages(f"{path}/blocks", 500, {"document_revision_id": "-1"}))
        if not revision or not items:
            # Even an empty document has a revision, and a block that holds its title.
            raise DocumentUnreadable("Feishu sent nothing of it")
        shows = _Elsewhere(self, title)
        page = blocks.read(items, shows.markdown, title)
        return Reading(page, revision, not shows.asked)

    def sheet(self, token: str, title: str, stamp: str) -> Reading:
        """A spreadsheet: its first rows name the columns."""
        path = f"/sheets/v3/spreadsheets/{token}/sheets/query"
        listed = [
            one
            for one in objects(self._calls.get(path).get("sheets"))
            if one.get("resource_type", "sheet") == "sheet" and not one.get("hidden")
        ]
        values = self._values(token, [words(one.get("sheet_id")) for one in listed])
        tables = [
            Table(words(one.get("title")) if len(listed) > 1 else "", rows[0], [Row(row) for row in rows[1:]])
            for one, rows in zip(listed, values, strict=False)
            if rows
        ]
        return Reading(rows.read(title, tables), stamp)

    def table(self, base: str, table: str, view: str, title: str, stamp: str) -> Reading:
        """A table of a base; of a view what it shows."""
        return Reading(rows.read(title, [self._table(base, table, view)]), stamp)

    def grid(self, base: str, table: str) -> str:
        """A table of a base as Markdown."""
        read = self._table(base, table, "")
        return markdown([read.columns, *(row.cells for row in read.rows)])

    def sheet_grid(self, token: str, sheet: str) -> str:
        """A sheet of a spreadsheet as Markdown."""
        return markdown(next(iter(self._values(token, [sheet])), []))

    def synced(self, document: str, block: str, shows: "_Elsewhere") -> str:
        """The Markdown of a block that stands in another document."""
        path = f"/docx/v1/documents/{document}/blocks/{block}/children"
        items = self._calls.pages(path, 500, {"with_descendants": "true", "document_revision_id": "-1"})
        return blocks.text(items, shows.markdown)

    def _table(self, base: str, table: str, view: str) -> Table:
        path = f"/bitable/v1/apps/{base}/tables/{table}"
        seen = {"view_id": view} if view else {}
        fields = [one for one in self._calls.pages(f"{path}/fields", 100, seen) if not one.get("is_hidden")]
        fields.sort(key=lambda one: one.get("is_primary") is not True)
        names = [words(one.get("field_name")) for one in fields]
        kinds = [number(one.get("type")) for one in fields]
        rows = [
            Row(
                [
                    shown(inner(record, "fields").get(name), kind)
                    for name, kind in zip(names, kinds, strict=True)
                ],
                words(record.get("record_id")),
            )
            for record in self._calls.pages(f"{path}/records/search", 500, body=seen)
        ]
        return Table("", names, rows)

    def _values(self, token: str, sheets: Sequence[str]) -> list[list[list[str]]]:
        """Rows of cells for each sheet."""
        if not sheets:
            return []
        asked = {
            "ranges": ",".join(sheets),
            "valueRenderOption": "ToString",
            "dateTimeRenderOption": "FormattedString",
        }
        data = self._calls.get(f"/sheets/v2/spreadsheets/{token}/values_batch_get", asked)
        return [_cells(one) for one in objects(data.get("valueRanges"))]


def _cells(values: Json) -> list[list[str]]:
    rows = [[shown(cell) for cell in many(row)] for row in many(values.get("values"))]
    return [row for row in rows if any(map(str.strip, row))]


class _Elsewhere:
    """What a document shows of others; without it the document is read all the same."""

    def __init__(self, reader: Reader, title: str) -> None:
        self._reader, self._title = reader, title
        self._shown: set[str] = set()
        self.asked = False

    def markdown(self, block: Json) -> str:
        self.asked = True
        try:
            return self._read(block)
        except (Gone, ScopeMissing) as error:
            _logger.warning("%s: read without something that it shows: %s", self._title, error)
            return ""

    def _read(self, block: Json) -> str:
        kind = number(block.get("block_type"))
        if kind == _SYNCED:
            return self._synced(inner(block, "reference_synced"))
        token, _, part = words(
            inner(block, "sheet" if kind == _SHEET else "bitable").get("token")
        ).rpartition("_")
        if not token:
            return ""
        return self._reader.sheet_grid(token, part) if kind == _SHEET else self._reader.grid(token, part)

    def _synced(self, place: Json) -> str:
        document, block = words(place.get("source_document_id")), words(place.get("source_block_id"))
        # Blocks that show one another would go round for ever.
        if not document or not block or block in self._shown:
            return ""
        self._shown.add(block)
        return self._reader.synced(document, block, self)
