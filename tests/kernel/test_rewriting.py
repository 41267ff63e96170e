import pytest

from kernel.rewriting import Entries, Unclear, add_rule, remove_rule, set_fields, to_flow, to_scalar

RULE: Entries = {"name": "b", "rate": "10/s", "burst": 2}


def test_text_is_quoted_only_where_yaml_would_read_something_else() -> None:
    written = [to_scalar(each) for each in ("plain", "10/s", "10.0.0.0/8", "true", "a: b", "::1/128", "")]
    assert written == ["plain", "10/s", "10.0.0.0/8", '"true"', '"a: b"', '"::1/128"', '""']
    assert to_flow(RULE) == "{name: b, rate: 10/s, burst: 2}"


def test_a_rule_is_put_behind_the_comment_of_the_last_line() -> None:
    text = "limits:\n  - name: a\n    burst: 1 # few\nroutes: []\n"
    assert add_rule(text, "limits", RULE) == (
        "limits:\n  - name: a\n    burst: 1 # few\n  - name: b\n    rate: 10/s\n    burst: 2\nroutes: []\n"
    )


def test_a_rule_is_put_first() -> None:
    assert add_rule("access: [{name: a}]\n", "access", {"name": "b"}, first=True) == (
        "access: [{name: b}, {name: a}]\n"
    )


def test_a_document_in_braces_takes_a_section() -> None:
    assert add_rule("{tenant: a}", "limits", {"name": "b"}) == "{tenant: a, limits: [{name: b}]}"


def test_the_last_rule_goes_with_its_section() -> None:
    assert remove_rule("tenant: a\nlimits:\n  - name: b\nroutes: []\n", "b") == "tenant: a\nroutes: []\n"


def test_a_section_in_brackets_goes_with_its_closing_one() -> None:
    assert remove_rule("limits: [\n  {name: b},\n]\nroutes: []\n", "b") == "routes: []\n"


def test_a_field_is_replaced_or_added() -> None:
    text = "limits:\n  - name: a\n    mode: off # not yet\n"
    assert set_fields(text, "a", {"mode": "shadow", "canary": 0.5}) == (
        "limits:\n  - name: a\n    mode: shadow # not yet\n    canary: 0.5\n"
    )


@pytest.mark.parametrize("space", ["\xa0", "\u1680", "\u3000", "\ufeff"])
def test_what_yaml_takes_for_text_is_no_white_space(space: str) -> None:
    text = f"limits: [{{name: a, reason: {space}}}]\n"
    assert set_fields(text, "a", {"mode": "off"}) == f"limits: [{{name: a, reason: {space}, mode: off}}]\n"
    assert set_fields(text, "a", {"reason": "few"}) == "limits: [{name: a, reason: few}]\n"


def test_the_blank_end_of_a_block_of_text_stays_behind_what_is_added() -> None:
    text = "limits:\n  - name: a\n    reason: |\n      few\n\nroutes: []\n"
    assert set_fields(text, "a", {"mode": "off"}) == (
        "limits:\n  - name: a\n    reason: |\n      few\n    mode: off\n\nroutes: []\n"
    )


@pytest.mark.parametrize("odd", ["\x7f", "\x85", "\u2028", "\u2029", "\ufeff", "\uffff"])
def test_characters_that_yaml_does_not_take_as_they_are_are_escaped(odd: str) -> None:
    assert to_scalar(f"a{odd}b") == f'"a\\u{ord(odd):04X}b"'


@pytest.mark.parametrize("text", ["[]", "", "limits: []"])
def test_what_is_not_there_is_unclear(text: str) -> None:
    with pytest.raises(Unclear):
        set_fields(text, "a", {"mode": "off"})
