"""The gateways that are compared: each as a command line and the files that it reads."""

import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

# What the tables call the peers.
NATIVE, ADAPTER = "Tidegate, native", "Tidegate, ASGI adapter"
NATIVE_VARIED, NGINX_VARIED = "Tidegate, native, heads that vary", "nginx, heads that vary"
NGINX, ENVOY, PLAIN = "nginx, Debian, reverse proxy", "Envoy, plain proxy", "FastAPI + httpx, plain proxy"

NGINX_PROGRAM = "/usr/sbin/nginx"
BODY = "x" * 1024
API_KEY = "0123456789abcdef0123456789abcdef"
API_KEY_SHA256 = hashlib.sha256(API_KEY.encode()).hexdigest()

NGINX_COMMON = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 300s;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
"""

NGINX_UPSTREAM = (
    NGINX_COMMON
    + """
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ default_type application/json; return 200 "{body}"; }}
  }}
}}
"""
)

NGINX_PROXY = (
    NGINX_COMMON
    + """
  upstream shop {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://shop; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Request-Id $request_id; proxy_set_header X-Forwarded-For $remote_addr;
    }}
  }}
}}
"""
)

ENVOY_TYPES = "type.googleapis.com/envoy.extensions.filters"
ENVOY_CONFIG = """
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    tcp_backlog_size: 4096
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": {types}.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: bench
          generate_request_id: false
          route_config:
            virtual_hosts:
            - {{name: all, domains: ["*"], routes: [{{match: {{prefix: "/"}}, route: {{cluster: shop}}}}]}}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": {types}.http.router.v3.Router
              dynamic_stats: false
              suppress_envoy_headers: true
  clusters:
  - name: shop
    type: STATIC
    circuit_breakers:
      thresholds: [{{max_connections: 100000, max_pending_requests: 100000, max_requests: 100000}}]
    load_assignment:
      cluster_name: shop
      endpoints:
      - lb_endpoints:
        - endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {upstream}}}}}}}
"""

POLICY = """\
upstreams:
  - {{name: shop, url: "http://127.0.0.1:{upstream}"}}
routes:
{decoys}
  - {{name: items, path: "/api/v1/items", upstream: shop, auth: required}}
consumers:
  - {{name: bench, keys: [{{sha256: {digest}}}]}}
limits:
  - {{name: per-client, key: identity, rate: 100000/s, burst: 100000}}
"""
DECOYS = 239  # with the measured route, 240: the size of the design's measurements


class Ports(NamedTuple):
    """Where a peer listens and where its upstream does."""

    listen: int
    upstream: int
    warehouse: str  # URL that Tidegate's telemetry goes to


class Peer(NamedTuple):
    """A gateway under test: `prepare(folder, ports)` writes its files and gives its command.

    `varied`: the load sends no head twice; else it repeats one, as wrk does and as polling clients do.
    """

    name: str
    prepare: Callable[[Path, Ports], list[str]]
    varied: bool = False


def written(folder: Path, name: str, text: str) -> str:
    """Write one file of a peer and give its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return str(path)


def nginx_upstream(folder: Path, ports: Ports) -> list[str]:
    """The upstream of all: nginx that answers 1 KB from memory."""
    text = NGINX_UPSTREAM.format(folder=folder, port=ports.upstream, body=BODY)
    return [NGINX_PROGRAM, "-c", written(folder, "nginx.conf", text), "-p", str(folder)]


def nginx_proxy(folder: Path, ports: Ports) -> list[str]:
    """nginx as a reverse proxy with request id and forwarded-for."""
    text = NGINX_PROXY.format(folder=folder, port=ports.listen, upstream=ports.upstream)
    return [NGINX_PROGRAM, "-c", written(folder, "nginx.conf", text), "-p", str(folder)]


def envoy(folder: Path, ports: Ports) -> list[str]:
    """Envoy as a plain proxy, tuned as its FAQ on benchmarking says."""
    text = ENVOY_CONFIG.format(types=ENVOY_TYPES, port=ports.listen, upstream=ports.upstream)
    found = shutil.which("envoy", path=str(Path(sys.executable).parent)) or "envoy"
    options = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]
    return [found, "-c", written(folder, "envoy.yaml", text), *options]


def policy(folder: Path, ports: Ports) -> str:
    """Tidegate's policy: 240 routes, a key, a limit."""
    decoys = "\n".join(
        f'  - {{name: decoy-{n}, path: "/svc{n}/v1/items/{{id}}", upstream: shop}}' for n in range(DECOYS)
    )
    text = POLICY.format(upstream=ports.upstream, decoys=decoys, digest=API_KEY_SHA256)
    return written(folder, "policy.yaml", text)


def native(folder: Path, ports: Ports) -> list[str]:
    """Tidegate's native transport with key, limit and telemetry."""
    listen = ["--listen", f"127.0.0.1:{ports.listen}", "--manage", "127.0.0.1:0"]
    command = [sys.executable, "-m", "proxy.main", "--policy", policy(folder, ports), *listen]
    return [*command, "--warehouse", ports.warehouse, "--data", str(folder / "state")]


def adapter(folder: Path, ports: Ports) -> list[str]:
    """Tidegate's ASGI adapter under plain uvicorn."""
    policy(folder, ports)
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-proxy-headers"]
    command = [sys.executable, "-m", "uvicorn", "--factory", "proxy.asgi:create"]
    return [*command, "--host", "127.0.0.1", "--port", str(ports.listen), "--log-level", "warning", *options]


def plain_fastapi(_folder: Path, ports: Ports) -> list[str]:
    """A FastAPI route that relays with an httpx client: what one writes in ten minutes."""
    return [sys.executable, "-m", "lab.bench.plain_proxy", str(ports.listen), str(ports.upstream)]


PEERS = (
    Peer(NGINX, nginx_proxy),
    Peer(ENVOY, envoy),
    Peer(NATIVE, native),
    Peer(ADAPTER, adapter),
    Peer(PLAIN, plain_fastapi),
    Peer(NGINX_VARIED, nginx_proxy, varied=True),
    Peer(NATIVE_VARIED, native, varied=True),
)
