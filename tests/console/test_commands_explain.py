"""`tidegate explain`."""

import json
from pathlib import Path

import pytest

from console.commands.explain import app
from console.commands.keys import make_key
from tests.console.running import Ran, ran

KEY = make_key("acme", bytes(16))
POLICY = f"""\
upstreams:
  - {{name: shop, url: "http://127.0.0.1:9000"}}
trusted_proxies: [10.0.0.0/8]
consumers:
  - name: acme
    keys: [{{sha256: {KEY.sha256}}}]
  - name: keyless
routes:
  - {{name: orders, path: "/orders/{{id}}", upstream: shop, host: api.example,
     methods: [GET], auth: required}}
  - {{name: rest, path: "/*", upstream: shop}}
limits:
  - {{name: by-device, rate: 1/s, burst: 1, key: {{header: X-Device}}}}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path


def explained(policy: Path, *arguments: str) -> Ran:
    data = ("--data", str(policy.parent / "data"))
    return ran(app, "--policy", str(policy), *data, *arguments)


def test_a_request_that_is_relayed(policy: Path) -> None:
    done = explained(policy, "GET", "/orders/7", "--host", "API.example:80", "--key", KEY.key, "--json")
    told = json.loads(done.out)
    assert (done.code, told["route"], told["consumer"], told["identity"]) == (
        0,
        "orders",
        "acme",
        "consumer:acme",
    )


def test_a_request_that_is_refused_has_exit_code_one_and_says_why(policy: Path) -> None:
    done = explained(policy, "GET", "/orders/7", "--host", "api.example")
    assert done.code == 1
    assert "verdict: refused with 401 credential-missing" in done.out
    assert "credential" in done.out


def test_a_consumer_may_be_named_instead_of_its_key(policy: Path) -> None:
    done = explained(policy, "GET", "/orders/7", "--host", "api.example", "--consumer", "acme", "--json")
    assert json.loads(done.out)["credential"] == "valid"
    unknown = explained(policy, "GET", "/", "--consumer", "keyless")
    assert (unknown.code, "no consumer 'keyless' holds a key" in unknown.complaint) == (2, True)


def test_a_wrong_key_is_invalid(policy: Path) -> None:
    done = explained(policy, "GET", "/x", "--key", "tg_wrong", "--json")
    assert json.loads(done.out)["reason"] == "credential-invalid"


def test_the_client_behind_a_trusted_proxy_is_the_identity(policy: Path) -> None:
    asked = ("GET", "/x", "--forwarded-for", "198.51.100.7, 10.9.9.9", "--json")
    assert json.loads(explained(policy, *asked, "--address", "10.1.1.1").out)["identity"] == "ip:198.51.100.7"
    assert json.loads(explained(policy, *asked, "--address", "192.0.2.1").out)["identity"] == "ip:192.0.2.1"


def test_a_limit_by_header_is_keyed_by_the_header(policy: Path) -> None:
    done = explained(policy, "GET", "/x", "--header", "x-device: d7", "--times", "2", "--json")
    told = json.loads(done.out)
    assert (told["admitted"], told["rule"]) == (1, "by-device")
    assert "'=d7'" in told["steps"][-1]["detail"]


def test_wrong_method_is_told_with_what_the_path_takes(policy: Path) -> None:
    done = explained(policy, "PUT", "/orders/7", "--host", "api.example", "--json")
    assert json.loads(done.out)["route"] == "rest"


def test_the_path_is_normalised_as_the_proxy_does_it(policy: Path) -> None:
    done = explained(
        policy, "GET", "/x/../orders/%37?page=2", "--host", "api.example", "--key", KEY.key, "--json"
    )
    told = json.loads(done.out)
    assert (told["path"], told["route"]) == ("/orders/7", "orders")
    refused = explained(policy, "GET", "/orders/..%2f7")
    assert refused.code == 1
    assert "verdict: refused with 400 bad-request" in refused.out


def test_a_method_that_the_proxy_refuses_is_refused(policy: Path) -> None:
    done = explained(policy, "get", "/x")
    assert done.code == 1
    assert "methods are case-sensitive, write GET" in done.out
    assert "verdict: refused with 501 bad-request" in done.out
    told = json.loads(explained(policy, "TRACE", "/x", "--json").out)
    assert (told["status"], told["method"], told["steps"][0]["kind"]) == (501, "TRACE", "method")
    assert explained(policy, "PROPFIND", "/x").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--address", "nowhere"), "no IP address"),
        (("--header", "nothing"), "is not `Name: value`"),
    ],
)
def test_operator_mistakes_are_told(policy: Path, arguments: tuple[str, ...], said: str) -> None:
    done = explained(policy, "GET", "/", *arguments)
    assert done.code == 2
    assert said in done.complaint


def test_a_broken_policy_is_told_with_its_problems(policy: Path) -> None:
    policy.write_text("routes: 1\n")
    done = explained(policy, "GET", "/")
    assert done.code == 2
    assert "policy.yaml:1" in done.complaint
