"""Words and marks of pages."""

import doctest
import math

from console.web import rendering
from console.web.rendering import CONTENT_SECURITY_POLICY, NOTHING, to_diff, to_kind, to_number


def test_the_examples_hold() -> None:
    assert doctest.testmod(rendering).failed == 0


def test_a_diff_is_told_by_its_signs_and_not_by_colour() -> None:
    diff = "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n same\n"
    assert to_diff(diff) == [
        ("span", "--- a"),
        ("span", "+++ b"),
        ("span", "@@ -1 +1 @@"),
        ("del", "-old"),
        ("ins", "+new"),
        ("span", " same"),
    ]


def test_a_kind_that_is_not_known_has_words_too() -> None:
    assert to_kind("credential-stuffing") == "Credential stuffing"
    assert to_kind("new-kind") == "New kind"


def test_a_value_that_is_missing_is_a_dash() -> None:
    assert to_number(math.nan) == NOTHING


def test_nothing_is_allowed_that_is_not_ours() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY
