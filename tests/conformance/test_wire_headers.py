"""Header fields on both legs, refusals as problem details, RateLimit fields, the decision id."""

import json

import pytest

from kernel.events import Outcome
from tests.proxy.fakes import (
    API_KEY,
    Conversation,
    Reply,
    Seen,
    Stage,
    Upstream,
    column,
    policy_text,
    read_reply,
    request,
)

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRUST = 'trusted_proxies: ["127.0.0.0/8"]\n'


def ask(stage: Stage, data: bytes) -> Reply:
    """One request on a new connection."""
    client = stage.connect()
    client.sendall(data)
    return read_reply(Conversation(client))


def relayed(stage: Stage, upstream: Upstream, target: str, fields: str = "") -> Seen:
    """What the upstream sees of a request."""
    assert ask(stage, request(target, fields=fields)).status == 200
    return upstream.seen[-1]


@pytest.fixture
def trusting(stage: Stage, upstream: Upstream) -> Stage:
    """A stage that believes loopback."""
    stage.use(policy_text(upstream.port, extra=TRUST))
    return stage


@pytest.fixture(autouse=True)
def same_policy(stage: Stage) -> object:
    """The stage's policy comes back after each test."""
    before = stage.gateway.holder.snapshot
    yield
    stage.gateway.holder.snapshot = before


def test_hop_by_hop_fields_end_at_the_gateway(stage: Stage, upstream: Upstream) -> None:
    fields = (
        "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\n"
        "Proxy-Authorization: x\r\nProxy-Connection: close\r\nTrailer: X-T\r\nX-Kept: 1\r\n"
    )
    seen = relayed(stage, upstream, "/shop/a", fields)
    names = {name for name, _ in seen.fields}
    assert "x-kept" in names
    assert not names & {"connection", "x-hop", "keep-alive", "te", "proxy-authorization", "trailer"}
    assert not names & {"proxy-connection"}


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
def test_an_upgrade_is_not_forwarded(stage: Stage, upstream: Upstream, protocol: str) -> None:
    fields = f"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {protocol}\r\nHTTP2-Settings: AAMA\r\n"
    seen = relayed(stage, upstream, "/shop/a", fields)
    assert not {name for name, _ in seen.fields} & {"connection", "upgrade", "http2-settings"}


def test_fields_of_the_response_are_treated_alike(stage: Stage, upstream: Upstream) -> None:
    def answer(conversation: Conversation, seen: Seen) -> bool:
        conversation.say(
            b"HTTP/1.1 200 Strange Phrase\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nX-Kept: 1\r\n"
            b"Set-Cookie: a=1\r\nset-cookie: b=2\r\nVia: 1.0 inner\r\nUpgrade: h2c\r\nKeep-Alive: x\r\n"
            b"X-Request-Id: theirs\r\nContent-Length: 2\r\n\r\nok"
        )
        return True

    upstream.scripts["a"] = answer
    reply = ask(stage, request("/shop/a"))
    assert reply.values("x-kept") == ["1"]
    assert reply.values("set-cookie") == ["a=1", "b=2"]
    assert reply.values("via") == ["1.0 inner, 1.1 tidegate"]
    assert reply.values("x-request-id") == [decision_id(stage)]
    assert not {name for name, _ in reply.fields} & {"connection", "x-hop", "upgrade", "keep-alive"}


def decision_id(stage: Stage) -> str:
    """The id of the one event."""
    (row,) = stage.events(1)
    return f"{column(row, 'worker')}-{column(row, 'boot'):x}-{column(row, 'seq'):x}"


def test_a_client_is_not_believed_about_where_it_comes_from(stage: Stage, upstream: Upstream) -> None:
    fields = (
        "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n"
        "Forwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX-Request-Id: mine\r\nVia: 1.1 mine\r\n"
        "X_Forwarded_For: 6.6.6.6\r\nX-Consumer: admin\r\nX_Consumer: admin\r\n"
    )
    seen = relayed(stage, upstream, "/shop/a", fields)
    assert seen.values("x-forwarded-for") == ["127.0.0.1"]
    assert seen.values("x-forwarded-proto") == ["http"]
    assert seen.values("x-forwarded-host") == ["shop.example"]
    assert seen.values("forwarded") == ["for=127.0.0.1;host=shop.example;proto=http"]
    assert seen.values("via") == ["1.1 mine, 1.1 tidegate"]
    assert seen.values("x-request-id") == [decision_id(stage)]
    assert not {name for name, _ in seen.fields} & {
        "x-real-ip",
        "x_forwarded_for",
        "x-consumer",
        "x_consumer",
    }
    assert column(stage.rows[0], "client_ip") == "127.0.0.1"


def test_a_trusted_proxy_is_believed(trusting: Stage, upstream: Upstream) -> None:
    fields = (
        "X-Forwarded-For: 6.6.6.6, 9.9.9.9, 127.0.0.2\r\nX-Forwarded-Proto: https\r\n"
        "X-Forwarded-Host: public.example\r\nForwarded: for=9.9.9.9\r\nX-Request-Id: theirs\r\n"
    )
    seen = relayed(trusting, upstream, "/shop/a", fields)
    assert seen.values("x-forwarded-for") == ["6.6.6.6, 9.9.9.9, 127.0.0.2, 127.0.0.1"]
    assert seen.values("x-forwarded-proto") == ["https"]
    assert seen.values("x-forwarded-host") == ["public.example"]
    assert seen.values("forwarded") == ["for=9.9.9.9, for=127.0.0.1;host=public.example;proto=https"]
    assert seen.values("x-request-id") == ["theirs"]
    (row,) = trusting.events(1)
    assert (column(row, "client_ip"), column(row, "identity")) == ("9.9.9.9", "ip:9.9.9.9")


def test_a_port_in_host_is_quoted_in_forwarded(stage: Stage, upstream: Upstream) -> None:
    assert ask(stage, b"GET /shop/a HTTP/1.1\r\nHost: Shop.Example:8080\r\n\r\n").status == 200
    assert upstream.seen[0].values("forwarded") == ['for=127.0.0.1;host="Shop.Example:8080";proto=http']


def test_the_upstream_sees_its_own_host_or_the_clients(stage: Stage, upstream: Upstream) -> None:
    assert relayed(stage, upstream, "/shop/a").values("host") == [f"127.0.0.1:{upstream.port}"]
    assert relayed(stage, upstream, "/same/a").values("host") == ["shop.example"]


def test_a_prefix_is_stripped_and_the_upstreams_path_put_before(stage: Stage, upstream: Upstream) -> None:
    assert relayed(stage, upstream, "/api/v1/a?q=1").target == "/base/v1/a?q=1"


def test_the_upstream_learns_the_consumer_and_not_the_key(stage: Stage, upstream: Upstream) -> None:
    seen = relayed(stage, upstream, "/closed/a", f"X-Api-Key: {API_KEY}\r\n")
    assert seen.values("x-consumer") == ["anna"]
    assert not seen.values("x-api-key")
    assert API_KEY.encode() not in seen.raw
    (row,) = stage.events(1)
    assert (column(row, "identity"), column(row, "identity_kind")) == ("consumer:anna", "consumer")
    assert (column(row, "consumer"), column(row, "plan")) == ("anna", "gold")


def test_a_key_that_changes_on_one_connection_is_looked_up_again(stage: Stage, upstream: Upstream) -> None:
    conversation = Conversation(stage.connect())
    for key, status in ((API_KEY, 200), ("wrong", 401), (API_KEY, 200), ("", 401)):
        conversation.sock.sendall(request("/closed/a", fields=f"X-Api-Key: {key}\r\n"))
        assert read_reply(conversation).status == status
    conversation.sock.sendall(request("/closed/a"))
    reply = read_reply(conversation)
    assert reply.status == 401
    assert reply.values("www-authenticate") == ['ApiKey realm="tidegate", header="x-api-key"']


def test_a_trace_is_continued_with_a_new_span(stage: Stage, upstream: Upstream) -> None:
    seen = relayed(stage, upstream, "/shop/a", f"traceparent: {TRACE}\r\ntracestate: a=b\r\n")
    (parent,) = seen.values("traceparent")
    assert parent[:36] == TRACE[:36]
    assert parent[36:52] != TRACE[36:52]
    assert parent[52:] == "-01"
    assert seen.values("tracestate") == ["a=b"]
    assert column(stage.events(1)[0], "trace_id") == TRACE[3:35]


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "ff" + TRACE[2:],
        TRACE + "-x",
        "00-" + "0" * 32 + TRACE[35:],
        TRACE[:36] + "0" * 16 + "-01",
        TRACE.upper(),
        "junk",
    ],
)
def test_a_broken_trace_begins_anew(stage: Stage, upstream: Upstream, parent: str) -> None:
    seen = relayed(stage, upstream, "/shop/a", f"traceparent: {parent}\r\ntracestate: a=b\r\n")
    (begun,) = seen.values("traceparent")
    assert begun[:3] == "00-"
    assert begun[3:35] not in parent.lower()
    assert len(begun) == 55
    assert not seen.values("tracestate")


def test_max_forwards_is_counted_down_for_options(stage: Stage, upstream: Upstream) -> None:
    assert ask(stage, request("/shop/a", "OPTIONS", "Max-Forwards: 3\r\n")).status == 200
    assert upstream.seen[0].values("max-forwards") == ["2"]


def test_max_forwards_0_is_answered_here(stage: Stage, upstream: Upstream) -> None:
    reply = ask(stage, request("/shop/a", "OPTIONS", "Max-Forwards: 0\r\n"))
    assert reply.status == 200
    assert reply.values("allow") == ["GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"]
    assert column(stage.events(1)[0], "outcome") == Outcome.ANSWERED
    assert not upstream.seen


def test_a_refusal_is_a_problem_with_the_decision_id(stage: Stage, upstream: Upstream) -> None:
    reply = ask(stage, request("/closed/a", fields=f"traceparent: {TRACE}\r\n"))
    assert reply.values("content-type") == ["application/problem+json"]
    assert reply.values("cache-control") == ["no-store"]
    assert len(reply.values("date")) == 1
    problem = json.loads(reply.body)
    assert set(problem) >= {"type", "title", "status", "instance", "decision_id", "trace_id"}
    assert problem["status"] == 401
    assert problem["type"].endswith("credential-missing")
    assert problem["decision_id"] == decision_id(stage) == reply.values("x-request-id")[0]
    assert problem["trace_id"] == TRACE[3:35] == column(stage.rows[0], "trace_id")


def test_a_wrong_method_names_those_that_are_taken(stage: Stage, upstream: Upstream) -> None:
    reply = ask(stage, request("/items/7", "DELETE"))
    assert (reply.status, reply.values("allow")) == (405, ["GET"])
    assert column(stage.events(1)[0], "outcome") == Outcome.NO_ROUTE


def test_limits_are_told_on_answers_and_refusals(stage: Stage, upstream: Upstream) -> None:
    conversation = Conversation(stage.connect())
    replies = []
    for _ in range(2):
        conversation.sock.sendall(request("/limited/a"))
        replies.append(read_reply(conversation))
    assert [reply.status for reply in replies] == [200, 429]
    assert [reply.values("ratelimit-policy") for reply in replies] == [['"few";q=1;w=3600']] * 2
    assert replies[0].values("ratelimit") == ['"few";r=0;t=3600']
    (left,) = replies[1].values("ratelimit")
    (wait,) = replies[1].values("retry-after")
    assert left.startswith('"few";r=0;t=')
    assert int(wait) >= int(left.rpartition("=")[2]) > 3_590
    problem = json.loads(replies[1].body)
    assert problem["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    row = stage.events(2)[1]
    assert (column(row, "rule"), column(row, "reason"), column(row, "decision")) == (
        "few",
        "quota-exceeded",
        "refused",
    )
    assert (column(row, "limit"), column(row, "limit_remaining")) == ("few", 0)
    assert len(upstream.seen) == 1


def test_a_failure_tells_why_and_what_is_left_of_the_limits_that_it_was_charged_to(
    stage: Stage, upstream: Upstream
) -> None:
    stage.use(policy_text(upstream.port).replace("name: few", "name: spare"))
    upstream.scripts["a"] = lambda conversation, seen: False
    reply = ask(stage, request("/limited/a", "POST", body=b"x"))
    problem = json.loads(reply.body)
    assert (reply.status, problem["type"].rpartition(":")[2]) == (502, "upstream-reset")
    assert problem["detail"] == "The upstream closed the connection before it had answered."
    assert reply.values("ratelimit") == ['"spare";r=0;t=3600']


def test_head_is_refused_without_a_body(stage: Stage, upstream: Upstream) -> None:
    conversation = Conversation(stage.connect())
    for _ in range(2):
        conversation.sock.sendall(request("/closed/a", "HEAD"))
        assert read_reply(conversation, "HEAD").status == 401


def test_the_event_holds_templates_and_hashes_not_texts(stage: Stage, upstream: Upstream) -> None:
    target = "/login/acme?token=secret"
    body = b'{"user": {"name": "Zora"}, "password": "pw"}'
    agent = "Agent/" + "x" * 300
    ask(stage, request(target, "POST", f"User-Agent: {agent}\r\nCookie: c=1\r\n", body))
    (row,) = stage.events(1)
    assert (column(row, "route"), column(row, "path")) == ("login", "/login/{tenant}")
    assert column(row, "user_agent") == agent[:128]
    assert all(column(row, name) for name in ("path_hash", "subject_hash", "object_hash", "fingerprint"))
    assert column(row, "object_id") == -1
    assert column(row, "success") == 1
    assert column(row, "host") == ""
    text = repr(row)
    assert not any(word in text for word in ("Zora", "secret", "acme", "pw", "c=1"))


def test_a_host_that_the_policy_names_is_kept(stage: Stage, upstream: Upstream) -> None:
    ask(stage, b"GET /items/42 HTTP/1.1\r\nHost: API.example:80\r\n\r\n")
    (row,) = stage.events(1)
    assert (column(row, "route"), column(row, "host")) == ("hosted", "api.example")


@pytest.mark.parametrize(
    ("addresses", "shown"), [("raw", "9.9.9.9"), ("truncated", "9.9.9.0"), ("keyed", "fd")]
)
def test_addresses_are_kept_as_the_policy_says(
    stage: Stage, upstream: Upstream, addresses: str, shown: str
) -> None:
    extra = TRUST + f"telemetry: {{addresses: {addresses}}}\n"
    stage.use(policy_text(upstream.port, extra=extra))
    conversation = Conversation(stage.connect())
    for client in ("9.9.9.9", "9.9.9.8"):
        conversation.sock.sendall(request("/limited/a", fields=f"X-Forwarded-For: {client}\r\n"))
        assert read_reply(conversation).status == 200  # limits use the real address
    first, _ = stage.events(2)
    assert column(first, "client_ip").startswith(shown)
    assert column(first, "identity").startswith(f"ip:{shown}")
