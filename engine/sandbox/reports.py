"""The results of cases for people at a terminal and for build servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from engine.sandbox.cases import CaseReport


def text_of(name: str, report: CaseReport) -> Iterator[str]:
    """Lines for a terminal: each case, what differed, and which ways no case has gone."""
    coverage = report.coverage
    if not report.results:
        yield f"{name}: no cases"
        return
    good = len(report.results) - len(report.failed)
    yield f"{name}: {good} of {len(report.results)} cases passed, {coverage.percent} % of the edges taken"
    for result in report.results:
        yield f"  {'ok  ' if result.passed else 'FAIL'} {result.case.name}"
        yield from (f"         {difference.what}: {difference.words}" for difference in result.differences)
    yield from (f"  never taken: {branch.words}" for branch in coverage.missed)


def junit_of(reports: Mapping[str, CaseReport], refused: Mapping[str, Sequence[str]] = MappingProxyType({})) -> str:
    """JUnit XML, a suite per flow. `refused`: flows that could not be run, and why."""
    total = [result for report in reports.values() for result in report.results]
    failures = sum(not result.passed for result in total)
    root = Element("testsuites", tests=str(len(total)), failures=str(failures), errors=str(len(refused)))
    for name, report in reports.items():
        suite = SubElement(
            root, "testsuite", name=_plain(name), tests=str(len(report.results)), failures=str(len(report.failed))
        )
        for result in report.results:
            case = SubElement(
                suite, "testcase", classname=_plain(name), name=_plain(result.case.name), time=f"{result.seconds:.3f}"
            )
            if not result.passed:
                words = "\n".join(f"{one.what}: {one.words}" for one in result.differences)
                SubElement(case, "failure", message=_plain(result.differences[0].words)).text = _plain(words)
    for name, lines in refused.items():
        suite = SubElement(root, "testsuite", name=_plain(name), tests="1", failures="0", errors="1")
        case = SubElement(suite, "testcase", classname=_plain(name), name="the flow can be run")
        SubElement(case, "error", message=_plain(lines[0])).text = _plain("\n".join(lines))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _plain(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(char for char in text if char in "\t\n\r" or char >= " ")
