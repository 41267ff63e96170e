"""Routes: templates, hosts, methods, overlaps."""

import pytest

from tests.kernel.policies import told


def routes(*written: str) -> list[str]:
    listed = ", ".join(f"{{name: r{index}, upstream: shop, {each}}}" for index, each in enumerate(written))
    return told(f"routes: [{listed}]", routes=False)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/a",
        "/a/",
        "/a/{id}",
        "/{a}/b/{c}",
        "/*",
        "/a/*",
        "/a/{id}/*",
        "/a.b~c_d-e",
        "/x@y:z;v=1",
        "/caf%C3%A9",
        "/%20",
    ],
)
def test_a_template_is_made_of_segments(path: str) -> None:
    assert routes(f"path: '{path}'") == []


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("", "begin with"),
        ("a/b", "begin with"),
        ("/a//b", "empty"),
        ("/a/../b", "resolves"),
        ("/./b", "resolves"),
        ("/a/*/b", "wrong place"),
        ("/a*", "wrong place"),
        ("/a/x{id}", "no parameter"),
        ("/{}", "no parameter"),
        ("/{1d}", "no parameter"),
        ("/{a}{b}", "no parameter"),
        ("/{a", "no parameter"),
        ("/{a}/{a}", "named twice"),
        ("/a b", "character"),
        ("/a?b", "character"),
        ("/a#b", "character"),
        ("/café", "character"),
        ("/%c3", "character"),
        ("/%4", "character"),
        ("/%41", "decodes"),
        ("/%7E", "decodes"),
        ("/a%2Fb", "refuses"),
        ("/%00", "refuses"),
        ("/a" * 65, "longer"),
    ],
)
def test_a_template_that_could_never_match_is_refused(path: str, what: str) -> None:
    found = routes(f"path: '{path}'")
    assert len(found) == 1
    assert found[0].startswith("routes[0].path: ")
    assert what in found[0]


@pytest.mark.parametrize(
    "host", ["api.example.org", "API.Example.org", "localhost", "10.0.0.1", "'[::1]'", "my_svc"]
)
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert routes(f"path: /, host: {host}") == []


@pytest.mark.parametrize(
    "host", ["'*.example.org'", "'example.org:80'", "''", "'a b'", "'http://a'", "'-a'", "'a..b'"]
)
def test_what_no_host_field_can_equal_is_refused(host: str) -> None:
    found = routes(f"path: /, host: {host}")
    assert len(found) == 1
    assert "is not a host name" in found[0]


def test_methods_are_known_and_written_in_upper_case() -> None:
    assert routes("path: /, methods: [GET, HEAD, DELETE]") == []
    found = routes("path: /, methods: [get, FETCH, GET, GET]")
    assert [each.partition(":")[0] for each in found] == [
        "routes[0].methods[0]",
        "routes[0].methods[1]",
        "routes[0].methods[3]",
    ]


@pytest.mark.parametrize(
    ("path", "prefix", "right"),
    [
        ("/api/x", "/api", True),
        ("/api/{id}", "/api/", True),
        ("/api", "/api", True),
        ("/api/*", "/", True),
        ("/apix/y", "/api", False),
        ("/x", "api", False),
        ("/{a}/b", "/{a}", False),
    ],
)
def test_a_prefix_to_strip_is_leading_segments_of_the_path(path: str, prefix: str, right: bool) -> None:
    assert (routes(f"path: '{path}', strip_prefix: '{prefix}'") == []) == right


def test_a_prefix_is_judged_beside_a_wrong_path() -> None:
    told_of = [each.partition(":")[0] for each in routes("path: x, strip_prefix: y")]
    assert told_of == ["routes[0].path", "routes[0].strip_prefix"]
    assert len(routes("path: x, strip_prefix: /y")) == 1


def test_signals_name_their_source() -> None:
    right = "path: '/u/{id}', signals: {subject: json:user.name, object_id: path:id, success: [200]}"
    assert routes(right) == []
    found = routes("path: '/u/{id}', signals: {subject: cookie:x, object_id: path:name, success: [20]}")
    assert [each.partition(":")[0] for each in found] == [
        "routes[0].signals.subject",
        "routes[0].signals.object_id",
        "routes[0].signals.success[0]",
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("path: /a", "path: /a"),
        ("path: '/a/{x}'", "path: '/a/{y}'"),
        ("path: '/a/*', host: H.example", "path: '/a/*', host: h.example"),
        ("path: /a, methods: [GET, POST]", "path: /a, methods: [POST]"),
    ],
)
def test_a_route_that_can_never_be_chosen_is_refused(first: str, second: str) -> None:
    found = routes(first, second)
    assert len(found) == 1
    assert found[0].startswith("routes[1]: this route can never be chosen: routes[0] on line")


def test_a_route_that_loses_some_of_its_methods_is_refused() -> None:
    assert routes("path: /a, methods: [GET, POST]", "path: /a, methods: [POST, PUT]") == [
        "routes[1].methods: routes[0] on line 2 already takes POST on this path"
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("path: /a, methods: [GET]", "path: /a"),
        ("path: /a, methods: [GET]", "path: '/a/'"),
        ("path: /a, host: h.example", "path: /a"),
        ("path: '/{x}'", "path: /a"),
        ("path: '/*'", "path: '/{x}'"),
        ("path: '/a/{x}/c'", "path: '/a/b/{y}'"),
    ],
)
def test_routes_that_the_matcher_tells_apart_do_not_overlap(first: str, second: str) -> None:
    assert routes(first, second) == routes(second, first) == []


def test_a_policy_without_routes_is_refused() -> None:
    assert "routes: there is no route, so every request would be answered 404" in told(
        "routes: []", routes=False
    )


ORDERS = "path: '/orders/{id}', methods: [GET], auth: required"


def left_open(*written: str) -> list[str]:
    return [problem for problem in routes(*written) if problem.startswith("routes[0].methods")]


def test_methods_that_a_wider_route_takes_without_a_key_are_told() -> None:
    what = "HEAD, POST, PUT, PATCH, DELETE on this path are taken by routes[1], which requires no key"
    assert left_open(ORDERS, "path: '/*'") == [f"routes[0].methods: {what}"]


def test_methods_that_nobody_takes_or_that_need_a_key_too_are_no_problem() -> None:
    assert left_open(ORDERS) == []
    assert left_open(ORDERS, "path: '/*', auth: required") == []
    assert left_open(ORDERS, "path: '/*', methods: [GET, OPTIONS]") == []
    assert left_open("path: '/orders/{id}', methods: [GET]", "path: '/*'") == []
