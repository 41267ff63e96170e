"""Each detector of the design, mapped to the columns that it reads: all of them must exist."""

import pytest

from kernel.events import COLUMNS, DEFAULTED, LedgerRow

_WHO = {"identity", "identity_kind", "consumer", "client_ip", "ended_at"}
# Table detector -> columns (closed-loop.md, "Detectors"). `ledger:` names a column of the ledger.
INPUTS: dict[str, set[str]] = {
    "D1 client burst": {*_WHO, "route", "limit", "limit_key", "interim"},
    "D2 distributed flood": {*_WHO, "route", "user_agent", "fingerprint", "path", "method"},
    "D3 credential stuffing": {*_WHO, "route", "subject_hash", "success", "status"},
    "D4 token or credential cracking": {*_WHO, "subject_hash", "credential_hash", "success", "duration_us"},
    "D5 enumeration": {*_WHO, "route", "object_hash", "object_id", "status"},
    "D6 scraping": {*_WHO, "path_hash", "bytes_out", "ended_at", "object_hash"},
    "D7 vulnerability scan": {*_WHO, "path_hash", "status", "method", "outcome"},
    "D8 injection or SSRF shape": {*_WHO, "route", "payload_flags", "bytes_in"},
    "D9 excessive exposure": {"route", "plan", "bytes_out", "status"},
    "D10 function-level probing": {*_WHO, "route", "status", "plan", "decision", "rule"},
    "D11 missing or mixed auth": {"route", "status", "identity_kind", "credential_hash"},
    "D12 shadow or zombie endpoint": {"route", "path_hash", "method", "status", "outcome"},
    "D13 few heavy calls": {*_WHO, "route", "upstream_us", "bytes_out"},
    "D14 slow-loris, slow body": {*_WHO, "head_us", "body_us", "interim", "outcome", "ledger:slow_clients"},
    "D15 low and slow": {*_WHO, "user_agent_hash", "fingerprint", "object_hash", "subject_hash"},
    "D16 error burst": {"route", "upstream", "revision", "status", "outcome"},
    "D17 latency regression": {"route", "duration_us", "upstream_us", "ttfb_us", "revision", "upstream"},
    "D18 upstream brown-out": {"upstream", "upstream_us", "ttfb_us", "outcome", "ledger:open_requests"},
    "D19 retry storm": {*_WHO, "path_hash", "method", "retries", "status"},
    "D20 bot burst": {*_WHO, "started_at", "user_agent", "user_agent_hash", "fingerprint"},
    "D21 token misuse": {"credential_hash", "client_ip", "user_agent_hash", "started_at", "ended_at"},
    "D22 business-flow order": {*_WHO, "route", "started_at", "success", "subject_hash"},
    "D23 cacheable waste": {"route", "method", "path_hash", "cache", "status", "bytes_out"},
    "D24 quota misfit": {*_WHO, "limit", "limit_remaining", "decision", "rule", "would_refuse", "overlay"},
}
# What every reader needs beside a detector's own inputs.
ALWAYS = {
    "tenant",
    "worker",
    "boot",
    "seq",
    "interim",
    "arrived_at",
    "ended_at",
    "flags",
    "revision",
    "overlay",
}


def test_the_table_names_all_24_detectors() -> None:
    assert [int(name.split()[0][1:]) for name in INPUTS] == list(range(1, 25))


@pytest.mark.parametrize("detector", INPUTS)
def test_every_input_of_a_detector_is_a_column(detector: str) -> None:
    columns = {column.name for column in COLUMNS + DEFAULTED}
    columns |= {f"ledger:{name}" for name in LedgerRow._fields}
    assert (INPUTS[detector] | ALWAYS) - columns == set()
