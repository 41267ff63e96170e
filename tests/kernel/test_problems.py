"""Problems and the report that gathers them."""

import pytest

from kernel.problems import MOST_PROBLEMS, GaveUp, Mark, Problem, Report, around, closest, quoted, suggestion


def test_a_problem_reads_as_one_line() -> None:
    problem = Problem(
        "error",
        "policy.yaml",
        12,
        5,
        "routes[2].upstream",
        "no upstream is called 'shpo'",
        "Did you mean 'shop'?",
    )
    assert problem.text() == (
        "policy.yaml:12:5 routes[2].upstream: no upstream is called 'shpo'. Did you mean 'shop'?"
    )


def test_a_warning_says_that_it_is_one_and_a_whole_document_has_no_field() -> None:
    assert Problem("warning", "p", 1, 1, "", "odd", "").text() == "p:1:1 warning: odd."


def test_long_and_strange_text_is_cut_and_escaped() -> None:
    assert quoted("a\nb") == "'a\\nb'"
    assert len(quoted("x" * 1000)) < 70


def test_a_suggestion_names_the_closest_or_tells_what_there_is() -> None:
    assert suggestion("shpo", ["shop", "bank"], "upstream") == "Did you mean 'shop'?"
    assert suggestion("zzz", ["shop", "bank"], "upstream") == "Known: bank, shop."
    assert suggestion("zzz", [], "upstream") == "There is no upstream yet: declare one."
    assert suggestion("zzz", [f"a{n}" for n in range(20)], "plan").endswith(", ….")
    assert closest("x" * 10_000, ["name"]) is None


def test_a_field_that_is_wrong_gets_no_second_problem_nor_does_what_it_holds() -> None:
    report = Report("p.yaml")
    report.error("routes[0]", "wrong", "")
    report.error("routes[0]", "again", "")
    report.error("routes[0].path", "follows", "")
    report.error("routes[01].path", "another", "")
    assert [each.what for each in report.problems] == ["wrong", "another"]


def test_a_problem_stands_where_its_field_is_written_or_around_it() -> None:
    report = Report("p.yaml")
    report.marks["routes[0]"] = Mark(7, 5)
    report.error("routes[0].signals.subject", "wrong", "")
    assert (report.problems[0].line, report.problems[0].column) == (7, 5)


def test_warnings_alone_do_not_fail() -> None:
    report = Report("p.yaml")
    report.warning("limits[0]", "odd", "")
    assert not report.failed
    report.error("limits[0]", "wrong", "")
    assert report.failed


def test_a_list_with_a_wrong_name_is_known() -> None:
    report = Report("p.yaml")
    report.error("routes[3].name", "wrong", "")
    report.error("plans[0].colour", "wrong", "")
    assert report.has_wrong_names("routes")
    assert not report.has_wrong_names("plans")


def test_paths_lead_outwards() -> None:
    assert [around("a[2].b"), around("a[2]"), around("a"), around("")] == ["a[2]", "a", "", ""]


def test_a_hopeless_document_is_given_up() -> None:
    report = Report("p.yaml")
    for number in range(MOST_PROBLEMS):
        report.error(f"routes[{number}]", "wrong", "")
    with pytest.raises(GaveUp):
        report.error("access", "wrong", "")
    assert len(report.problems) == MOST_PROBLEMS
