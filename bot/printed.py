"""What the command line prints: the JSON shapes that scripts rely on, and the same for people."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from bot.replies import link
from rag.types import Answer, Found

if TYPE_CHECKING:
    from rag.evaluation import Evaluation
    from rag.indexer import IndexReport

_SHOWN_SKIPPED = 20


def json_line(value: object) -> str:
    """One line of JSON."""
    return json.dumps(value, ensure_ascii=False)


def found(found: Found, web_url: str) -> Mapping[str, object]:
    """`puyu search --json`."""
    hits = [
        {
            "rank": rank,
            "score": round(hit.score, 4),
            "doc": hit.passage.path,
            "heading": hit.passage.heading,
            "heading_path": hit.passage.heading_path,
            "url": link(hit.passage.url, web_url),
            "revision": hit.passage.revision,
            "text": hit.passage.text,
        }
        for rank, hit in enumerate(found.hits, 1)
    ]
    return {"query": found.query, "ours": found.ours, "relevance": round(found.relevance, 4), "hits": hits}


def found_page(found: Found) -> str:
    """`puyu search`."""
    verdict = "the course's" if found.ours else "not the course's"
    lines = [f"relevance {found.relevance:.2f}: {verdict}"]
    for rank, hit in enumerate(found.hits, 1):
        place = " › ".join(hit.passage.heading_path) or hit.passage.title
        lines += [
            f"{rank:>3}  {hit.score:.3f}  {hit.passage.path}  {place}",
            f"     {_start(hit.passage.text)}",
        ]
    return "\n".join(lines)


def answer(question: str, text: str, answer: Answer, web_url: str) -> Mapping[str, object]:
    """`puyu ask --json`; `text` is the answer with the bot's own sentence."""
    return {
        "question": question,
        "standalone": answer.standalone,
        "answer": text,
        "outcome": answer.outcome,
        "sources": [{**asdict(one), "url": link(one.url, web_url)} for one in answer.sources],
        "ms": {step: round(ms, 1) for step, ms in answer.ms.items()},
    }


def answer_page(text: str, answer: Answer, web_url: str) -> str:
    """`puyu ask`."""
    sources = [
        f"[{number}] {one.title} › {one.heading}  {link(one.url, web_url)}"
        for number, one in enumerate(answer.sources, 1)
    ]
    return "\n".join([text, *([""] if sources else []), *sources])


def report_page(report: "IndexReport") -> str:
    """`puyu index`."""
    lines = [
        f"{name:<10}{one.added:>6} added {one.changed:>6} changed {one.removed:>6} removed {one.kept:>6} kept"
        for name, one in (("documents", report.documents), ("passages", report.passages))
    ]
    lines += [f"skipped   {one.path}: {one.reason}" for one in report.skipped[:_SHOWN_SKIPPED]]
    if len(report.skipped) > _SHOWN_SKIPPED:
        lines.append(f"skipped   and {len(report.skipped) - _SHOWN_SKIPPED} more (--json lists all)")
    return "\n".join([*lines, f"version {report.version}, {report.seconds:.1f} s"])


def evaluation_page(result: "Evaluation") -> str:
    """`puyu evaluate`."""
    return "\n".join(
        f"{name:<10} {one.value:.3f}   [{one.low:.3f}, {one.high:.3f}]   n = {one.n}"
        for name, one in result.measures.items()
    )


def _start(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:99]}…"
