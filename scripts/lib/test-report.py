#!/usr/bin/env python3
"""Reads a report of Swift Testing (JUnit XML) and says its numbers on one line (tests that ran, failures, skipped),
then a line for each test that failed or was skipped, with the first reason it gave. With --filters after the report's
name it says only a regular expression for each test that failed, as `swift test --filter` takes them.

Swift Testing does not count the skipped tests among those that ran, and writes a failure for each issue: a test with two
failed once."""

import re
import sys
import xml.etree.ElementTree as ElementTree

LONGEST_REASON = 400

suite = ElementTree.parse(sys.argv[1]).getroot().find("testsuite")
if suite is None:
    sys.exit("no test suite in the report")
number = {"failed": 0, "skipped": 0}
lines = []
filters = []
for case in suite.iter("testcase"):
    for word, elements in (
        ("failed", case.findall("failure") + case.findall("error")),
        ("skipped", case.findall("skipped")),
    ):
        if not elements:
            continue
        number[word] += 1
        if word == "failed":
            suite_name = "[./]".join(re.escape(part) for part in case.get("classname").split("."))
            filters.append(f"^{suite_name}/{re.escape(case.get('name'))}")
        reason = " ".join((elements[0].get("message") or elements[0].text or "no reason given").split())
        if len(reason) > LONGEST_REASON:
            reason = reason[:LONGEST_REASON] + "…"
        lines.append(f"{word}: {case.get('classname')}.{case.get('name')}: {reason}")
if sys.argv[2:] == ["--filters"]:
    print(*filters, sep="\n")
    sys.exit()
print(suite.get("tests", "0"), number["failed"], number["skipped"])
print(*lines, sep="\n")
