#!/usr/bin/env python3
"""Reads a report of Swift Testing (JUnit XML) and says its numbers on one line (tests that ran, failures, skipped),
then a line for each test that failed or was skipped, with the first reason it gave.

Swift Testing does not count the skipped tests among those that ran."""

import sys
import xml.etree.ElementTree as ElementTree

LONGEST_REASON = 400

suite = ElementTree.parse(sys.argv[1]).getroot().find("testsuite")
if suite is None:
    sys.exit("no test suite in the report")
number = {key: int(suite.get(key, "0")) for key in ("errors", "tests", "failures", "skipped")}
print(number["tests"], number["errors"] + number["failures"], number["skipped"])
for case in suite.iter("testcase"):
    for word, elements in (
        ("failed", case.findall("failure") + case.findall("error")),
        ("skipped", case.findall("skipped")),
    ):
        if not elements:
            continue
        reason = " ".join((elements[0].get("message") or elements[0].text or "no reason given").split())
        if len(reason) > LONGEST_REASON:
            reason = reason[:LONGEST_REASON] + "…"
        print(f"{word}: {case.get('classname')}.{case.get('name')}: {reason}")
