"""What the lab writes for a gateway to read: policies, the demo's and one for a log, and where alerts go."""

import json
import string
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from lab.population import Key
from warehouse.imports import REST


def demo_policy(shop_url: str, keys: Iterable[Key]) -> str:
    """The demo's policy as YAML."""
    template = string.Template(resources.files("lab").joinpath("policy.yaml").read_text())
    consumers = "\n".join(
        f'  - {{name: {key.consumer}, plan: partner, keys: [{{sha256: "{key.sha256}"}}]}}' for key in keys
    )
    return template.substitute(shop=shop_url, consumers=consumers)


def log_policy(upstream_url: str, segments: Iterable[str]) -> str:
    """A policy for a log: two routes for each of its first path segments, and one for the rest.

    Segments are plain names, as `warehouse.imports.busiest` picks them.
    """
    routes = [
        f"  - {{name: {segment}, path: /{segment}/*, upstream: site}}\n"
        f"  - {{name: {segment}-itself, path: /{segment}, upstream: site}}"
        for segment in segments
    ]
    return "\n".join(
        (
            "tenant: default",
            "upstreams:",
            f"  - {{name: site, url: {upstream_url}}}",
            "routes:",
            *routes,
            f'  - {{name: {REST}, path: "/*", upstream: site}}',
            "limits:",
            "  - name: per-client",
            "    rate: 50/s",
            "    burst: 500",
            # On a clock that runs thousands of times as fast, a page with its pictures is one instant.
            "    adaptive: {floor: 10/s, ceiling: 50/s}",
            'trusted_proxies: [127.0.0.0/8, "::1/128"]',
            "",
        )
    )


def alerts_file(hook_url: str, secret: Path, *, console_url: str) -> str:
    """Where the demo's alerts go, as YAML: a webhook that shares the secret in a file."""
    return "\n".join(
        (
            "sinks:",
            "  - name: demo",
            "    type: webhook",
            f"    url: {json.dumps(hook_url)}",
            f"    secret_file: {json.dumps(str(secret))}",
            # Short, so that the end of what is played is told within the demo.
            "resolve_after_s: 5",
            f"console_url: {console_url}",
            "",
        )
    )
