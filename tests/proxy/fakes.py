"""A gateway, an upstream and a stage of our own: what the native transport's tests run against.

The stage serves the real transport with uvicorn on uvloop in a thread; tests speak to it by raw
sockets. The upstream is scripted: it answers by what the path says.
"""

import asyncio
import contextlib
import hashlib
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
import uvloop

from kernel.check import read_policy
from kernel.compile import compile_policy, revision_of
from kernel.decide import LimiterState
from kernel.events import NAMES, EventRow
from kernel.snapshot import Snapshot
from proxy.native import Listener

HASH_KEY = bytes(range(16))
DEADLINE_S = 10.0
POLL_S = 0.005


class FakeHolder:
    """Holds a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot


class FakeSink:
    """Keeps rows."""

    worker = "w1"
    boot = 0xB007

    def __init__(self) -> None:
        self.rows: list[EventRow] = []
        self.seq = 0

    def next_seq(self) -> int:
        self.seq += 1
        return self.seq

    def offer(self, row: EventRow) -> None:
        self.rows.append(row)


class FakeGateway:
    """What proxy.contract.Gateway asks for. Python handlers take paths that begin with /python."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.holder = FakeHolder(snapshot)
        self.limiter: LimiterState = {}
        self.sink = FakeSink()
        self.clock: Callable[[], float] = time.time
        self.ahead_s = 0.0  # of the real clock; only ever more
        self.monotonic: Callable[[], float] = lambda: time.monotonic() + self.ahead_s
        self.random_bits: Callable[[int], int] = random.Random(7).getrandbits
        self.draining = False

    def answers(self, method: str, host: str, path: str) -> bool:
        return path.startswith("/python")


def snapshot_of(text: str) -> Snapshot:
    """A policy's text, checked and compiled."""
    found = read_policy(text, "policy.yaml", 0.0)
    assert found.policy is not None, found
    return compile_policy(found.policy, revision_of(text), HASH_KEY)


def column(row: EventRow, name: str) -> Any:
    """One value of a row."""
    return row[NAMES.index(name)]


async def handlers(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Python handlers behind the gateway: echo the body; `/python/crash` fails."""
    if scope["path"] == "/python/crash":
        raise RuntimeError("a handler's bug")
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if scope["path"] == "/python/wait":
        await receive()
        return
    headers = [(b"content-length", b"%d" % len(body)), (b"x-python", b"1")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Server(uvicorn.Server):
    """uvicorn's server: tells when it listens, and leaves signals alone."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[int], None]) -> None:
        super().__init__(config)
        self._tell = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell(self.servers[0].sockets[0].getsockname()[1])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Stage:
    """The native transport, served in a thread of its own."""

    def __init__(self, policy: str) -> None:
        self.gateway = FakeGateway(snapshot_of(policy))
        self.listener: Listener
        self.loop: asyncio.AbstractEventLoop
        self.port = 0
        self.clients: list[socket.socket] = []
        self._server: Server
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.listener = Listener(self.gateway)
        self.listener.start()
        config = uvicorn.Config(
            handlers,
            http=self.listener.protocol,
            ws="none",
            lifespan="off",
            proxy_headers=False,
            log_config=None,
            access_log=False,
            port=0,
            timeout_graceful_shutdown=1,
        )
        self._server = Server(config, self._listening)
        await self._server.serve()
        self.listener.close()

    def _listening(self, port: int) -> None:
        self.port = port
        self._ready.set()

    @property
    def rows(self) -> list[EventRow]:
        """Events so far."""
        return self.gateway.sink.rows

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(DEADLINE_S)

    def stop(self) -> None:
        self.hang_up()
        self.loop.call_soon_threadsafe(self.listener.cut)
        self._server.should_exit = True
        self._thread.join(DEADLINE_S)

    def use(self, policy: str) -> None:
        """Swap the snapshot, as a reload does."""
        self.gateway.holder.snapshot = snapshot_of(policy)

    def run(self, action: Callable[[], None]) -> None:
        """Run an action in the transport's loop."""
        done = threading.Event()

        def act() -> None:
            action()
            done.set()

        self.loop.call_soon_threadsafe(act)
        assert done.wait(DEADLINE_S)

    def pass_time(self, seconds: float) -> None:
        """Let time pass at once."""
        self.gateway.ahead_s += seconds
        now = self.gateway.monotonic()
        wait_until(lambda: self.listener.wheel.soon > now)

    def connect(self) -> socket.socket:
        """A raw client."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.clients.append(client)
        return client

    def hang_up(self) -> None:
        """Close what tests left open, and wait until the transport has noticed."""
        for client in self.clients:
            client.close()
        self.clients.clear()
        wait_until(lambda: not self.listener.connections)

    def events(self, count: int, since: int = 0) -> list[EventRow]:
        """The `count` events after the first `since`; waits for them, and finds no more than that."""
        wait_until(lambda: len(self.rows) >= since + count)
        found = self.rows[since:]
        assert len(found) == count, [column(row, "outcome") for row in found]
        return found


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, not for a time."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(POLL_S)


class Seen:
    """A request as the upstream saw it."""

    def __init__(self, head: bytes, connection: int = 0) -> None:
        self.raw = head
        self.connection = connection
        line, *fields = head.split(b"\r\n")
        self.line = line.decode()
        self.method, self.target, _ = self.line.split(" ")
        self.fields = [
            (n.lower(), v) for n, _, v in (f.decode("latin-1").partition(": ") for f in fields if f)
        ]
        self.body = b""

    def values(self, name: str) -> list[str]:
        """Values of the fields of that name."""
        return [value for known, value in self.fields if known == name]


Script = Callable[["Conversation", Seen], bool]


class Conversation:
    """One connection to the upstream, read and written by its script."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = bytearray()

    def fill(self) -> bool:
        """Read more; False at the end."""
        try:
            data = self.sock.recv(65_536)
        except OSError:
            return False
        self.buffer += data
        return bool(data)

    def take(self, size: int) -> bytes | None:
        while len(self.buffer) < size:
            if not self.fill():
                return None
        taken = bytes(memoryview(self.buffer)[:size])
        del self.buffer[:size]
        return taken

    def take_until(self, mark: bytes) -> bytes | None:
        while mark not in self.buffer:
            if not self.fill():
                return None
        return self.take(self.buffer.index(mark) + len(mark))

    def body_of(self, seen: Seen) -> bool:
        """Read the request's body; False where the client side hung up."""
        lengths = seen.values("content-length")
        if lengths:
            taken = self.take(int(lengths[0]))
            if taken is None:
                return False
            seen.body = taken
        elif seen.values("transfer-encoding"):
            while True:
                size = self.take_until(b"\r\n")
                piece = None if size is None else self.take(int(size, 16) + 2)
                if piece is None:
                    return False
                if piece == b"\r\n":
                    return True
                seen.body += piece[:-2]
        return True

    def say(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self.sock.sendall(data)


def plain(conversation: Conversation, seen: Seen) -> bool:
    """Answer 200 with the body that came, or `hello`."""
    if not conversation.body_of(seen):
        return False
    body = seen.body or b"hello"
    conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
    if seen.method != "HEAD":
        conversation.say(body)
    return True


class Upstream:
    """A scripted upstream: `scripts` by the last segment of the path, else `plain`."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.scripts: dict[str, Script] = {}
        self.connections = 0
        self._sockets: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self.release = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._sockets.append(sock)
            threading.Thread(target=self._converse, args=(sock, self.connections), daemon=True).start()

    def connections_of(self, name: str) -> list[int]:
        """Which connections, by number, requests came on whose path ends in `name`."""
        return [seen.connection for seen in self.seen if seen.target.endswith(f"/{name}")]

    def _converse(self, sock: socket.socket, number: int) -> None:
        conversation = Conversation(sock)
        going = True
        while going:
            head = conversation.take_until(b"\r\n\r\n")
            if head is None:
                break
            seen = Seen(head, number)
            self.seen.append(seen)
            name = seen.target.partition("?")[0].rpartition("/")[2]
            going = self.scripts.get(name, plain)(conversation, seen)
        sock.close()

    def close(self) -> None:
        self.release.set()
        self._listening.close()
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def read_to_end(client: socket.socket) -> bytes:
    """All bytes until the other side closes."""
    found = b""
    while True:
        try:
            data = client.recv(65_536)
        except ConnectionResetError:
            return found
        if not data:
            return found
        found += data


class Reply:
    """One response as the client saw it."""

    def __init__(self, head: bytes, body: bytes) -> None:
        self.head = head
        line, *fields = head.decode("latin-1").split("\r\n")
        self.status = int(line.split(" ")[1])
        self.fields = [(n.lower(), v) for n, _, v in (f.partition(": ") for f in fields if f)]
        self.body = body

    def values(self, name: str) -> list[str]:
        """Values of the fields of that name."""
        return [value for known, value in self.fields if known == name]


def read_reply(conversation: Conversation, method: str = "GET") -> Reply:
    """Read one response by its framing."""
    head = conversation.take_until(b"\r\n\r\n")
    assert head is not None, f"no response: {conversation.buffer!r}"
    reply = Reply(head, b"")
    if method == "HEAD" or reply.status in (204, 304) or reply.status < 200:
        return reply
    if reply.values("content-length"):
        body = conversation.take(int(reply.values("content-length")[0]))
        assert body is not None, "the body was cut"
        reply.body = body
    elif reply.values("transfer-encoding"):
        seen = Seen(b"GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n")
        assert conversation.body_of(seen), "the body was cut"
        reply.body = seen.body
    else:
        while conversation.fill():
            pass
        reply.body = bytes(conversation.buffer)
    return reply


@contextlib.contextmanager
def staged(policy: Callable[[int], str]) -> Iterator[tuple[Stage, Upstream]]:
    """A stage before an upstream; `policy` makes the text from the upstream's port."""
    upstream = Upstream()
    stage = Stage(policy(upstream.port))
    stage.start()
    try:
        yield stage, upstream
    finally:
        stage.stop()
        upstream.close()


API_KEY = "0123456789abcdef0123456789abcdef"


def policy_text(port: int, *, head_ms: int = 10_000, dead: int = 1, full: int = 1, extra: str = "") -> str:
    """The policy of the stage: one route for each way that a request can go."""
    digest = hashlib.sha256(API_KEY.encode()).hexdigest()
    brief = "{first_byte_ms: 300, idle_ms: 300, body_idle_ms: 300, connect_ms: 300}"
    return f"""\
upstreams:
  - {{name: shop, url: "http://127.0.0.1:{port}"}}
  - {{name: below, url: "http://127.0.0.1:{port}/base"}}
  - {{name: same-host, url: "http://127.0.0.1:{port}", host: client}}
  - {{name: dead, url: "http://127.0.0.1:{dead}"}}
  - {{name: full, url: "http://127.0.0.1:{full}"}}
  - {{name: narrow, url: "http://localhost:{port}", max_connections: 1}}
plans:
  - {{name: gold}}
consumers:
  - {{name: anna, plan: gold, keys: [{{sha256: {digest}}}]}}
routes:
  - {{name: shop, path: "/shop/*", upstream: shop}}
  - {{name: item, path: "/items/{{id}}", upstream: shop, methods: [GET]}}
  - {{name: hosted, path: "/items/{{id}}", host: api.example, upstream: shop, methods: [GET]}}
  - {{name: closed, path: "/closed/*", upstream: shop, auth: required}}
  - {{name: quick, path: "/quick/*", upstream: shop, timeouts: {brief}}}
  - {{name: whole, path: "/whole/*", upstream: shop, timeouts: {{total_ms: 300}}}}
  - {{name: dead, path: "/dead/*", upstream: dead}}
  - {{name: full, path: "/full/*", upstream: full, timeouts: {{connect_ms: 300}}}}
  - {{name: small, path: "/small/*", upstream: shop, max_body_bytes: 100}}
  - {{name: limited, path: "/limited/*", upstream: shop}}
  - {{name: below, path: "/api/v1/*", upstream: below, strip_prefix: /api}}
  - {{name: same-host, path: "/same/*", upstream: same-host}}
  - {{name: narrow, path: "/narrow/*", upstream: narrow}}
  - name: login
    path: "/login/{{tenant}}"
    upstream: shop
    signals: {{subject: "json:user.name", object_id: "path:tenant", success: [200]}}
limits:
  - {{name: few, rate: 1/h, burst: 1, routes: [limited]}}
timeouts: {{head_ms: {head_ms}}}
max_body_bytes: 268435456
{extra}"""


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


@contextlib.contextmanager
def full_port() -> Iterator[int]:
    """A port whose backlog is full: connecting to it hangs."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(0)
    waiting = []
    for _ in range(4):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(listening.getsockname())
        waiting.append(client)
    try:
        yield listening.getsockname()[1]
    finally:
        for client in (*waiting, listening):
            client.close()


def request(target: str, method: str = "GET", fields: str = "", body: bytes = b"") -> bytes:
    """The bytes of a request; a body is declared by its length."""
    if body:
        fields += f"Content-Length: {len(body)}\r\n"
    return f"{method} {target} HTTP/1.1\r\nHost: shop.example\r\n{fields}\r\n".encode() + body


def reset(client: socket.socket) -> None:
    """Hang up by a reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
