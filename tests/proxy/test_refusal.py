"""Answers of the gateway's own."""

import json

from kernel.addresses import UNKNOWN
from kernel.decide import LimitVerdict, Reason, Verdicts
from kernel.events import Outcome
from kernel.limits import Quota, Taken
from kernel.matching import WRONG_METHOD, Match
from proxy.pipeline import Judgement
from proxy.prepared import Prepared
from proxy.refusal import DETAILS, Answer, Refusals, answer_of, failure_of, rate_limit_fields
from tests.proxy.fakes import policy_text, snapshot_of

PREPARED = Prepared(snapshot_of(policy_text(9_000)))
NOW = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT


def limit(name: str, taken: Taken) -> LimitVerdict:
    return LimitVerdict(name, "k", Quota(1.0, 60), "", False, taken)


def judgement(reason: Reason, status: int, *limits: LimitVerdict, rule: str = "") -> Judgement:
    verdicts = Verdicts(reason, status, rule, (), limits)
    return Judgement(Match(0, (), ("GET", "PUT")), None, UNKNOWN, "ip:::", None, verdicts)


def test_limits_are_told_as_structured_fields() -> None:
    free = limit("burst", Taken(True, 50, 10.2, 0.0))
    spent = limit("daily", Taken(False, 0, 60.0, 0.4))
    assert rate_limit_fields((free,), PREPARED) == (
        b'ratelimit-policy: "burst";q=60;w=60\r\nratelimit: "burst";r=50;t=11\r\n'
    )
    assert rate_limit_fields((free, spent), PREPARED) == (
        b'ratelimit-policy: "burst";q=60;w=60, "daily";q=60;w=60\r\n'
        b'ratelimit: "burst";r=50;t=11, "daily";r=0;t=1\r\n'
    )


def test_a_retry_is_never_asked_for_before_t() -> None:
    limits = (limit("a", Taken(False, 0, 60.0, 2.1)), limit("b", Taken(False, 0, 60.0, 7.0)))
    answer = answer_of(judgement(Reason.QUOTA_EXCEEDED, 429, *limits, rule="b"), PREPARED)
    assert b"retry-after: 7\r\n" in answer.fields
    assert "'b'" in answer.detail


def test_a_wrong_method_tells_the_right_ones_and_401_how() -> None:
    found = judgement(Reason.WRONG_METHOD, 405)
    assert WRONG_METHOD < 0
    assert b"allow: GET, PUT\r\n" in answer_of(found, PREPARED).fields
    assert (
        b"www-authenticate: ApiKey " in answer_of(judgement(Reason.CREDENTIAL_MISSING, 401), PREPARED).fields
    )


def test_an_answer_is_a_problem() -> None:
    written, size = Refusals(own="https://x.example/").to_bytes(
        Answer(status=403, reason="access-denied", detail="no"), ("w-1-2", "t"), now=NOW, closing=True
    )
    head, _, body = written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 403 Forbidden\r\ncontent-type: application/problem+json\r\n")
    assert b"\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n" in head
    assert head.endswith(b"\r\nconnection: close")
    assert len(body) == size
    assert json.loads(body) == {
        "type": "https://x.example/access-denied",
        "title": "Access is denied",
        "status": 403,
        "detail": "no",
        "instance": "urn:tidegate:decision:w-1-2",
        "decision_id": "w-1-2",
        "trace_id": "t",
    }


def test_registered_types_keep_their_registry() -> None:
    refusals = Refusals()
    assert refusals.type_of("quota-exceeded").startswith("https://iana.org/assignments/http-problem-types#")
    assert refusals.type_of("no-route") == "urn:tidegate:problem:no-route"


def test_the_answer_to_head_has_no_body() -> None:
    written, size = Refusals().to_bytes(
        Answer(status=404, reason="no-route"), ("d", ""), now=NOW, closing=False, body=False
    )
    assert size == 0
    assert written.endswith(b"\r\n\r\n")
    assert b"content-length: 0" not in written


def test_the_date_moves_with_the_clock() -> None:
    refusals = Refusals()
    answer = Answer(status=404, reason="no-route")
    first, _ = refusals.to_bytes(answer, ("d", ""), now=NOW, closing=False)
    second, _ = refusals.to_bytes(answer, ("d", ""), now=NOW + 1.5, closing=False)
    assert b"08:49:37" in first
    assert b"08:49:38" in second


def test_every_failure_and_refusal_says_what_happened_and_names_nothing_of_ours() -> None:
    silent = {  # these are answered by others, by a named rule, or by nobody
        *(Outcome.COMPLETED, Outcome.ANSWERED, Outcome.REFUSED, Outcome.NO_ROUTE, Outcome.DRAINED),
        *(each for each in Outcome if each.startswith("client_gone")),
    }
    reasons = {failure_of(each, 502, None, PREPARED).reason for each in Outcome if each not in silent}
    ruled = {Reason.NONE, Reason.QUOTA_EXCEEDED, Reason.ABNORMAL_USAGE}
    assert set(DETAILS) == reasons | {str(each) for each in Reason if each not in ruled}
    for detail in DETAILS.values():
        assert detail.endswith(".")
        assert not any(character.isdigit() for character in detail)


def test_a_failure_tells_its_detail_and_what_is_left_of_the_limits_that_were_charged() -> None:
    judged = judgement(Reason.NONE, 0, limit("few", Taken(True, 3, 9.5, 0.0)))
    answer = failure_of(Outcome.CONNECT_FAILED, 502, judged, PREPARED)
    assert answer.fields == rate_limit_fields(judged.verdicts.limits, PREPARED)
    written, _ = Refusals().to_bytes(answer, ("d", ""), now=NOW, closing=False)
    head, _, body = written.partition(b"\r\n\r\n")
    assert b'\r\nratelimit: "few";r=3;t=10' in head
    assert json.loads(body)["detail"] == "The upstream did not accept a connection."
    assert failure_of(Outcome.HEAD_TIMEOUT, 408, None, PREPARED).fields == b""
