"""JUnit XML as GitLab reads it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import render


@given(st.data())
def test_counts_are_right_and_no_case_is_lost(hostile, data) -> None:
    report = data.draw(hostile())
    root = ET.fromstring(render("junit", report))
    for element in (root, *root.iter("testsuite")):
        for attribute, tag in (
            ("tests", "testcase"),
            ("failures", "failure"),
            ("skipped", "skipped"),
            ("errors", "error"),
        ):
            assert int(element.attrib[attribute]) == len(list(element.iter(tag)))
    names = [(case.attrib["classname"], case.attrib["name"]) for case in root.iter("testcase")]
    assert len(names) == len(set(names))


def test_two_findings_of_one_name_are_two_cases(report) -> None:
    twice = report._replace(findings=(report.findings[2],) * 2)
    names = [case.attrib["name"] for case in ET.fromstring(render("junit", twice)).iter("testcase")]
    assert names[:2] == ["OBJ009 (2:184)", "OBJ009 (2:184) #2"]


@pytest.mark.parametrize("name", ["unreadable-file", "size-limit", "check-crashed"])
def test_what_could_not_be_looked_at_is_an_error(report, name: str) -> None:
    """As for kubeconform: a failure is what was looked at and is wrong."""
    unseen = report.findings[0]._replace(name=name, severity="warning")
    root = ET.fromstring(render("junit", report._replace(findings=(unseen, report.findings[0]))))
    assert (root.attrib["errors"], root.attrib["failures"]) == ("1", "1")
    (error,) = root.iter("error")
    assert error.attrib == {"message": unseen.message, "type": "warning"}
    accepted = ET.fromstring(render("junit", report._replace(findings=(unseen._replace(severity="info"),))))
    assert not list(accepted.iter("error"))


def test_text_survives_the_markup(report) -> None:
    finding = report.findings[0]._replace(message="a < b && \"c\" > 'd' ]]>")
    [failure, *_] = ET.fromstring(render("junit", report._replace(findings=(finding,)))).iter("failure")
    assert failure.attrib["message"] == finding.message
    assert finding.message in (failure.text or "")
