"""The gateway's edges: upstream URLs, keys, trusted proxies, the allow list, header names."""

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from kernel.addresses import IPNetwork, parse_address, parse_network
from kernel.check_routes import HOST, LITERAL
from kernel.policy import DIGEST_FORM, Policy, Timeouts
from kernel.problems import Report, quoted, suggestion

DIGEST = re.compile(DIGEST_FORM)
EMPTY_DIGEST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of nothing
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")  # RFC 9110, section 5.6.2
FRAMING = frozenset({"host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade"})
# A cloud's or a CDN's widest published range is a /10 (IPv4) or a /19 (IPv6); private ranges may be wider.
WIDEST_TRUSTED = {4: 8, 6: 16}
MOST_TRUSTED = 1 / 16  # of all public addresses of a version


def check_edges(policy: Policy, report: Report, now: float) -> None:
    """What connects the policy to the world."""
    if not policy.upstreams:
        report.error("upstreams", "there is no upstream to relay requests to", "Add one.")
    for index, upstream in enumerate(policy.upstreams):
        check_url(upstream.url, f"upstreams[{index}].url", report)
        check_timeouts(upstream.timeouts, f"upstreams[{index}].timeouts", report)
    for index, route in enumerate(policy.routes):
        check_timeouts(route.timeouts, f"routes[{index}].timeouts", report)
    check_timeouts(policy.timeouts, "timeouts", report)
    check_header_name(policy.api_key_header, "api_key_header", report)
    check_keys(policy, report, now)
    check_trusted(policy.trusted_proxies, report)
    check_allow_list(policy, report)


def check_header_name(name: str, path: str, report: Report) -> None:
    """A header field that a client may send for this purpose."""
    if not TOKEN.fullmatch(name):
        report.error(
            path, f"{quoted(name)} is not the name of a header field", "Write one such as `X-Api-Key`."
        )
    elif name.lower() in FRAMING:
        what = f"{quoted(name)} is a field of the connection and has another meaning"
        report.error(path, what, "Choose another header field.")


def check_url(url: str, path: str, report: Report) -> None:
    """`http://HOST:PORT/PREFIX`, nothing else; a URL with a password in it is not shown."""
    todo = "Write `http://HOST:PORT`."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        report.error(path, "this is not a URL", todo)
        return
    if parts.scheme == "https":
        what = "upstreams over TLS come in a later version"
        report.error(path, what, "Write `http://…`, in a private network or through a TLS sidecar.")
    elif parts.scheme != "http":
        report.error(path, "the URL does not begin with `http://`", todo)
    elif "@" in parts.netloc:
        report.error(path, "a URL with a user and a password is not supported", todo)
    elif not parts.hostname or not is_host(parts) or port == 0:
        report.error(path, f"{quoted(url)} has no valid host and port", todo)
    elif parts.query or parts.fragment or "?" in url or "#" in url:
        report.error(path, f"{quoted(url)} has a query or a fragment", todo)
    elif not is_prefix(parts.path):
        what = f"{quoted(parts.path)} is not a path that can be put before others"
        report.error(path, what, "Write whole segments without `.`, `..`, `//` and `*`.")


def is_host(parts: SplitResult) -> bool:
    """Whether a URL's authority is a host name or an address, with or without a port."""
    host = parts.hostname or ""
    if ":" in host:
        return parse_address(f"[{host}]") is not None
    return HOST.fullmatch(host) is not None


def is_prefix(path: str) -> bool:
    """Whether a URL's path is a sequence of literal segments."""
    parts = path.rstrip("/").split("/")[1:]
    return all(part not in ("", ".", "..") and LITERAL.fullmatch(part) for part in parts)


def check_timeouts(timeouts: Timeouts | None, path: str, report: Report) -> None:
    """Deadlines that the whole exchange's deadline makes useless."""
    if timeouts is None:
        return
    for field in ("connect_ms", "first_byte_ms", "idle_ms"):
        if getattr(timeouts, field) > timeouts.total_ms and not report.is_wrong(f"{path}.total_ms"):
            what = f"never reached: total_ms is {timeouts.total_ms}"
            report.warning(f"{path}.{field}", what, "Make it shorter, or total_ms longer.")


def check_keys(policy: Policy, report: Report, now: float) -> None:
    """Digests, never keys; what stands there is not shown, it may be a secret."""
    holders: dict[str, str] = {}
    for index, consumer in enumerate(policy.consumers):
        for number, key in enumerate(consumer.keys):
            place = f"consumers[{index}].keys[{number}]"
            path = f"{place}.sha256"
            check_digest(key.sha256, path, report)
            holder = holders.setdefault(key.sha256.lower(), path)
            if holder != path:
                what = f"this key is also {holder} (line {report.place(holder).line})"
                report.error(
                    path, what, "A key belongs to one consumer: `tidegate keys create` makes another."
                )
            if key.expires_at is not None and key.expires_at.timestamp() <= now:
                what = "this key has expired and is refused"
                report.warning(f"{place}.expires_at", what, "Delete it, or give it a later time.")


def check_digest(digest: str, path: str, report: Report) -> None:
    """64 hex digits."""
    if not DIGEST.fullmatch(digest):
        what = "this is not the SHA-256 of a key (64 hex digits); it may be the key in clear text"
        todo = "If it is, treat it as leaked. `tidegate keys create` makes a key and the line for the policy."
        report.error(path, what, todo)
    elif digest.lower() == EMPTY_DIGEST:
        report.error(path, "this is the SHA-256 of an empty key", "`tidegate keys create` makes a real one.")


def check_trusted(networks: tuple[str, ...], report: Report) -> None:
    """Trusting everybody lets every client choose its own identity, or all share the proxy's."""
    parsed: list[IPNetwork] = []
    for index, text in enumerate(networks):
        path = f"trusted_proxies[{index}]"
        network = parse_network(text)
        if network is None:
            todo = "Write `10.0.0.0/8`, `fd00::/8` or a single address."
            report.error(path, f"{quoted(text)} is not a network", todo)
            continue
        if is_too_wide(network):
            what = f"{network} trusts so many addresses that X-Forwarded-For says nothing about who calls"
            todo = (
                "Clients could pass for anybody, or everybody for one. List your own proxies' networks only."
            )
            report.error(path, what, todo)
            continue
        parsed.append(network)
    for version in (4, 6):
        if share_of_public(parsed, version) > MOST_TRUSTED:
            what = f"together these networks are more than 1/16 of all IPv{version} addresses"
            report.error("trusted_proxies", what, "List your own proxies' networks only.")


def is_too_wide(network: IPNetwork) -> bool:
    """Whether no fleet of proxies is that large."""
    return network.prefixlen < WIDEST_TRUSTED[network.version] and not network.is_private


def share_of_public(networks: Iterable[IPNetwork], version: int) -> float:
    """Which part of a version's addresses the public ones of these networks are, at most."""
    of_version = {each for each in networks if each.version == version and not each.is_private}
    return sum(2.0**-network.prefixlen for network in of_version)


def check_allow_list(policy: Policy, report: Report) -> None:
    """Each entry is an identity (`consumer:NAME`, `ip:ADDRESS`), a network or an address."""
    for index, entry in enumerate(policy.allow_list):
        path = f"allow_list[{index}]"
        kind, _, name = entry.partition(":")
        if kind == "consumer":
            known = {consumer.name for consumer in policy.consumers}
            if name not in known and not report.has_wrong_names("consumers"):
                what = f"no consumer is called {quoted(name)}"
                report.error(path, what, suggestion(name, known, "consumer"))
        elif parse_network(name if kind == "ip" else entry) is None:
            what = f"{quoted(entry)} is neither an identity nor a network"
            todo = "Write `consumer:NAME`, `ip:203.0.113.7`, `203.0.113.0/24` or `2001:db8::/64`."
            report.error(path, what, todo)
