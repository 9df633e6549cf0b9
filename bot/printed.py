"""What the command line prints: the JSON shapes that scripts rely on, and the same for people."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.replies import link
from rag.types import Answer, Found, Source

if TYPE_CHECKING:
    from rag.evaluation import Evaluation
    from rag.report import Broken, Changes, IndexReport
    from rag.versions import Version

_SHOWN = 20


def json_line(value: object) -> str:
    """One line of JSON."""
    return json.dumps(value, ensure_ascii=False)


def found(found: Found, web_url: str, query: str | None = None) -> Mapping[str, object]:
    """`puyu search --json`; a `query` that was asked after others was searched for as what is found.query."""
    hits = [
        {
            "rank": rank,
            "score": round(hit.score, 4),
            "doc": hit.passage.path,
            "heading": hit.passage.heading,
            "heading_path": hit.passage.heading_path,
            "url": link(hit.passage.url, web_url),
            "revision": hit.passage.revision,
            "cohort": hit.passage.cohort,
            "session": hit.passage.session,
            "text": hit.passage.text,
        }
        for rank, hit in enumerate(found.hits, 1)
    ]
    asked = {"query": found.query} if query is None else {"query": query, "standalone": found.query}
    return {**asked, "ours": found.ours, "relevance": round(found.relevance, 4), "hits": hits}


def found_page(found: Found) -> str:
    """`puyu search`."""
    lines = [f"relevance {found.relevance:.2f}: {_verdict(found)}"]
    for rank, hit in enumerate(found.hits, 1):
        place = " › ".join(hit.passage.heading_path) or hit.passage.title
        labels = " · ".join(filter(None, (hit.passage.cohort, hit.passage.session)))
        lines += [
            f"{rank:>3}  {hit.score:.3f}  {hit.passage.path}  {place}{f'  ({labels})' if labels else ''}",
            f"     {_start(hit.passage.text)}",
        ]
    return "\n".join(lines)


def _verdict(found: Found) -> str:
    from rag.relevance import GROUNDS

    if found.ours:
        return "the course's"
    return "answered when it is put to the bot" if found.relevance >= GROUNDS else "not the course's"


def answer(question: str, text: str, answer: Answer, web_url: str) -> Mapping[str, object]:
    """`puyu ask --json`; `text` is the answer with the bot's own sentence."""
    return {
        "question": question,
        "standalone": answer.standalone,
        "answer": text,
        "outcome": answer.outcome,
        "sources": [_source(one, web_url) for one in answer.sources],
        "ms": {step: round(ms, 1) for step, ms in answer.ms.items()},
    }


def _source(source: Source, web_url: str) -> Mapping[str, str]:
    title, heading, revision = source.title, source.heading, source.revision
    return {"title": title, "heading": heading, "url": link(source.url, web_url), "revision": revision}


def answer_page(text: str, answer: Answer, web_url: str) -> str:
    """`puyu ask`."""
    sources = [
        f"[{number}] {one.title} › {one.heading}  {link(one.url, web_url)}"
        for number, one in enumerate(answer.sources, 1)
    ]
    return "\n".join([text, *([""] if sources else []), *sources])


def report_page(report: "IndexReport") -> str:
    """`puyu index`."""
    lines = [_counts("documents", report.documents), _counts("passages", report.passages)]
    lines += _per_source(report)
    lines += _first([f"skipped   {one.path}: {one.reason}" for one in report.skipped], "skipped")
    if report.overruled:
        lines.append(f"overruled {_questions(len(report.overruled))} got worse, as --force allows:")
        lines += _broken(report.overruled)
    stays = " stays in use" if report.refused else ""
    version = f"version {report.version}{stays}" if report.version else "no version yet"
    lines.append(f"{version}, {report.seconds:.1f} s")
    if report.refused:
        lines += _refused(report)
    return "\n".join(lines)


def last_page(report: "IndexReport", timezone: str) -> str:
    """`puyu index --last`."""
    began = f" began {_when(report.started, timezone)} ({timezone})" if report.started else ""
    return f"the last run{began}\n{report_page(report)}"


def versions_page(versions: "Sequence[Version]", held: str, timezone: str) -> str:
    """`puyu index --versions`."""
    lines = [f"  version  {f'built ({timezone})':<26}  documents  passages"]
    lines += [
        f"{'*' if one.current else ' '} {one.name:<7}  {_when(one.built, timezone):<26}"
        f"  {one.documents:>9}  {one.passages:>8}"
        for one in versions
    ]
    if held:
        lines.append(f"held at {held}: scheduled runs pause until `puyu index` is run by hand")
    return "\n".join(lines)


def back_page(before: str, now: str) -> str:
    """`puyu index --rollback`."""
    return (
        f"back from {before} to {now}; a running `puyu serve` uses it within seconds\n"
        "scheduled index runs pause until `puyu index` is run by hand"
    )


def _per_source(report: "IndexReport") -> Iterator[str]:
    """What became of each, where there are several, and which one could not be read."""
    shown = [one for one in report.sources if one.failed or any(asdict(one.documents).values())]
    for one in shown:
        if one.failed:
            yield f"failed    {one.failed}; what is indexed of it stays"
        elif len(shown) > 1:
            yield _counts(f"  {one.name}", one.documents)


def _refused(report: "IndexReport") -> Iterator[str]:
    number = len(report.refused)
    yield f"\nrefused: {_questions(number)} that {report.version} gets right would break"
    yield from _broken(report.refused)
    yield "mend the documents or the golden set, or take the new version all the same: puyu index --force"


def _broken(broken: "Sequence[Broken]") -> Iterator[str]:
    for one in broken[:_SHOWN]:
        yield f"  {_start(one.query)}"
        yield f"      expected  {_start(one.expected)}"
        yield f"      found     {_start(one.found) or 'nothing'}"
    yield from _rest(len(broken), "  ")


def _first(lines: Sequence[str], what: str) -> Iterator[str]:
    yield from lines[:_SHOWN]
    yield from _rest(len(lines), f"{what:<10}")


def _rest(number: int, indent: str) -> Iterator[str]:
    if number > _SHOWN:
        yield f"{indent}and {number - _SHOWN} more (--json lists all)"


def _counts(name: str, one: "Changes") -> str:
    return (
        f"{name:<10}{one.added:>6} added {one.changed:>6} changed {one.removed:>6} removed {one.kept:>6} kept"
    )


def _questions(number: int) -> str:
    return f"{number} golden question{'s'[: number != 1]}"


def _when(at: datetime, timezone: str) -> str:
    return f"{at.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M:%S}"


def evaluation_page(result: "Evaluation") -> str:
    """`puyu evaluate`."""
    return "\n".join(
        f"{name:<12} {one.value:.3f}   [{one.low:.3f}, {one.high:.3f}]   n = {one.n}"
        for name, one in result.measures.items()
    )


def _start(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:99]}…"
