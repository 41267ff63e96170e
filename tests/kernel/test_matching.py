"""Route matching by example; it equals a naive oracle in tests/properties."""

import pytest

from kernel.matching import NO_ROUTE, WRONG_METHOD, Match, Matcher, Pattern, parameter_names, segments

PATHS = [
    "/",
    "/orders",
    "/orders/{id}",
    "/orders/new",
    "/orders/{id}/items/{item}",
    "/files/*",
    "/a/b/d",
    "/a/{x}/c",
]
MATCHER = Matcher([Pattern(path, "", ()) for path in PATHS])


@pytest.mark.parametrize(
    ("path", "template", "parameters"),
    [
        ("/", "/", ()),
        ("/orders", "/orders", ()),
        ("/orders/7", "/orders/{id}", ("7",)),
        ("/orders/new", "/orders/new", ()),
        ("/orders/7/items/x%20y", "/orders/{id}/items/{item}", ("7", "x%20y")),
        ("/orders/new/items/1", "/orders/{id}/items/{item}", ("new", "1")),
        ("/files/", "/files/*", ("",)),
        ("/files/a/b/c", "/files/*", ("a/b/c",)),
        ("/a/b/c", "/a/{x}/c", ("b",)),
        ("/a/b/d", "/a/b/d", ()),
    ],
)
def test_a_path_finds_its_template(path: str, template: str, parameters: tuple[str, ...]) -> None:
    assert MATCHER.match("h", path, "GET") == Match(PATHS.index(template), parameters)


@pytest.mark.parametrize(
    "path", ["/order", "/orders/", "/orders/7/items", "/files", "/a/b", "/a/b/c/d", "//"]
)
def test_a_path_that_no_template_takes_has_no_route(path: str) -> None:
    assert MATCHER.match("h", path, "GET") == Match(NO_ROUTE, ())


def test_a_parameter_takes_no_empty_segment() -> None:
    assert Matcher([Pattern("/x/{id}", "", ())]).match("", "/x/", "GET").route == NO_ROUTE


def test_the_routes_host_comes_before_every_host_and_then_its_method() -> None:
    matcher = Matcher(
        [
            Pattern("/a", "", ()),
            Pattern("/a", "", ("POST",)),
            Pattern("/a", "one.example", ("GET",)),
            Pattern("/a", "one.example", ("PUT",)),
        ]
    )
    assert matcher.match("two.example", "/a", "GET").route == 0
    assert matcher.match("two.example", "/a", "POST").route == 1
    assert matcher.match("one.example", "/a", "GET").route == 2
    assert matcher.match("one.example", "/a", "PUT").route == 3
    assert matcher.match("one.example", "/a", "POST").route == 1
    assert matcher.match("", "/a", "GET").route == 0


def test_a_method_that_does_not_fit_leads_on_to_the_next_template() -> None:
    matcher = Matcher(
        [Pattern("/a/b", "", ("GET",)), Pattern("/a/{x}", "", ("PUT",)), Pattern("/a/*", "", ("POST",))]
    )
    assert matcher.match("", "/a/b", "GET") == Match(0, ())
    assert matcher.match("", "/a/b", "PUT") == Match(1, ("b",))
    assert matcher.match("", "/a/b", "POST") == Match(2, ("b",))


def test_a_wrong_method_is_told_with_the_methods_that_the_path_takes() -> None:
    matcher = Matcher(
        [
            Pattern("/a/b", "", ("GET", "HEAD")),
            Pattern("/a/{x}", "", ("PUT",)),
            Pattern("/a/b", "other.example", ("POST",)),
        ]
    )
    assert matcher.match("h.example", "/a/b", "DELETE") == Match(WRONG_METHOD, (), ("GET", "HEAD", "PUT"))
    assert matcher.match("other.example", "/a/b", "DELETE").allow == ("GET", "HEAD", "POST", "PUT")


def test_a_template_is_its_segments_and_the_names_in_it() -> None:
    assert segments("/a/{b}/*") == ["a", "{}", "*"]
    assert parameter_names("/a/{b}/*") == ("b", "*")
    assert parameter_names("/a") == ()


def test_the_first_of_two_equal_patterns_is_taken() -> None:
    assert Matcher([Pattern("/{a}", "", ()), Pattern("/{b}", "", ())]).match("", "/x", "GET").route == 0
