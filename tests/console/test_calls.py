"""Who may make which call, and how the calls are described."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok

from tests.console.policies import ADAPTIVE, Clock
from tests.console.serving import TOKEN, Served, served


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One endpoint for all: these tests look at the door, not at what is behind it."""
    directory = tmp_path_factory.mktemp("calls")
    (directory / "policy.yaml").write_text(ADAPTIVE)
    with served(directory, directory / "policy.yaml", Clock()) as endpoint:
        yield endpoint


def status(control: Served, role: str, method: str, path: str) -> int:
    headers = {"Authorization": f"Bearer of-{role}"}
    return control.call.request(method, path, headers=headers, params={"timeout_s": "0"}).status_code


@pytest.mark.parametrize(
    ("role", "method", "path"),
    [
        *[
            ("proxy", "GET", path)
            for path in ("/v1/status", "/v1/policy", "/v1/recommendations", "/v1/audit")
        ],
        *[("proxy", "PUT", path) for path in ("/v1/overlays", "/v1/policy", "/v1/recommendations")],
        *[("analytics", "POST", f"/v1/recommendations/x/{what}") for what in ("approve", "reject")],
        *[("analytics", method, path) for method, path in [("PUT", "/v1/policy"), ("PUT", "/v1/loop")]],
        *[("analytics", "POST", path) for path in ("/v1/jobs", "/v1/tokens", "/v1/policy/rollback")],
        *[("viewer", "POST", path) for path in ("/v1/labels", "/v1/jobs", "/v1/keys/revoke", "/v1/tokens")],
        ("viewer", "PUT", "/v1/policy"),
        *[("operator", "POST", path) for path in ("/v1/tokens", "/v1/backup", "/v1/jobs/claim")],
        *[("operator", "PUT", path) for path in ("/v1/overlays", "/v1/recommendations")],
    ],
)
def test_a_role_does_not_do_what_is_anothers(control: Served, role: str, method: str, path: str) -> None:
    assert status(control, role, method, path) == 403


@pytest.mark.parametrize(
    ("role", "method", "path"),
    [
        ("proxy", "GET", "/v1/follow"),
        ("analytics", "GET", "/v1/follow"),
        ("analytics", "GET", "/v1/jobs"),
        ("viewer", "GET", "/v1/audit"),
        ("viewer", "GET", "/openapi.json"),
        ("operator", "GET", "/v1/policy"),
        ("admin", "GET", "/v1/tokens"),
        ("admin", "GET", "/v1/status"),
    ],
)
def test_a_role_does_what_is_its_own(control: Served, role: str, method: str, path: str) -> None:
    assert status(control, role, method, path) == 200


@pytest.mark.slow
@pytest.mark.parametrize("mode", GenerationMode)
def test_schemathesis_finds_nothing(control: Served, mode: GenerationMode) -> None:
    # A body of the right shape may still hold no policy (422), or be for another revision (412).
    accepted = ["2xx", "404", "409", "412", "422"]
    config = SchemathesisConfig.from_dict(
        {
            "headers": {"Authorization": f"Bearer {TOKEN}"},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": accepted},
                "negative_data_rejection": {
                    "expected-statuses": ["404", "405", "409", "412", "413", "422", "428"]
                },
            },
        }
    )
    document = control.call.get("/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.config.update(base_url=control.url)

    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()

        @settings(
            max_examples=25,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(mode))
        def probe(case: Any) -> None:
            case.call_and_validate()

        with contextlib.suppress(Unsatisfiable):  # a call without parameters cannot be made wrongly
            probe()
