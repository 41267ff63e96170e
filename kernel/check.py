"""Checks a policy before it is loaded: every problem at once, each with its place and its remedy.

Errors stop a load; warnings tell what is probably not meant. What follows from an error is
not told: a field that is wrong already gets no second problem.
"""

import msgspec

from kernel.check_edges import check_edges
from kernel.check_names import check_names
from kernel.check_routes import check_routes
from kernel.check_rules import check_rules
from kernel.document import read_document
from kernel.policy import Policy
from kernel.problems import GaveUp, Problem, Report


class Reading(msgspec.Struct, frozen=True):
    """A policy as read: `policy` is None iff a problem is an error."""

    policy: Policy | None
    problems: tuple[Problem, ...]


def read_policy(text: str, file: str, now: float) -> Reading:
    """Read and check a policy; `file` is its name in problems, `now` (seconds since 1970) judges expiry."""
    report = Report(file)
    policy = None
    try:
        policy = read_document(text, report)
        if policy is not None:
            check_policy(policy, report, now)
    except GaveUp as reason:
        report.problems.append(Problem("error", file, 1, 1, "", f"not read to its end: {reason}", ""))
        policy = None
    problems = sorted(report.problems, key=lambda each: (each.line, each.column, each.field, each.severity))
    return Reading(None if report.failed else policy, tuple(problems))


def check_policy(policy: Policy, report: Report, now: float) -> None:
    """Everything that the types alone cannot tell."""
    check_names(policy, report)
    check_edges(policy, report, now)
    check_routes(policy, report)
    check_rules(policy, report, now)
