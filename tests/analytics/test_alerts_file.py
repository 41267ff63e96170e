"""alerts.yaml: every problem at once, with its place and its remedy; no message shows a secret."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.alert_links import Links
from analytics.alerts_file import AlertsFile, read_alerts_file
from analytics.sinks import Sink
from warehouse.exits import CannotRun

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "alerts.yaml"
GOOD = """
sinks:
  - {name: hook, type: webhook, url: "http://127.0.0.1:9/in", secret_file: secret}
"""
WRONG = """
sinks:
  - name: Hook 1
    type: webhok
    url: ftp://hidden/x
    secret: hidden
  - {name: b, type: webhook, url: "http://h/hidden", secret_file: nowhere}
  - {name: b, type: alertmanager, url: "http://u:hidden@h/x", secret_env: hidden}
  - {name: c, type: webhook, url: "http://h/hidden"}
  - {name: d, type: webhook, url: "http://h/hidden", secret_env: hidden}
  - {name: e, type: webhook, url: "http://h/hidden", secret_file: empty, user: hidden}
  - {name: f, type: alertmanager, url: "http://h/hidden", user: hidden, token_file: two-lines}
resolve_after: 60
objective: 99.9
"""


def read(directory: Path, text: str, environment: dict[str, str] | None = None) -> AlertsFile:
    """Read a text as a file, beside files with secrets."""
    (directory / "secret").write_text("s3\n")
    (directory / "empty").write_text("\n")
    (directory / "two-lines").write_text("a\nb\n")
    path = directory / "alerts.yaml"
    path.write_text(text)
    return read_alerts_file(path, environment or {})


def problems(directory: Path, text: str) -> list[str]:
    """What is told of a wrong file, without the file's name."""
    with pytest.raises(CannotRun) as caught:
        read(directory, text)
    return [line.removeprefix(f"{directory}/alerts.yaml:") for line in str(caught.value).splitlines()[1:]]


def test_a_short_file_has_the_defaults(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD) == AlertsFile(
        sinks=(Sink("hook", "webhook", "http://127.0.0.1:9/in", secret=b"s3"),),
        links=Links("docs/runbooks"),
        resolve_after_s=60.0,
        objective=0.999,
    )


def test_everything_can_be_said(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
sinks:
  - {name: hook, type: webhook, url: "https://h/in", secret_env: MINE}
  - {name: am, type: alertmanager, url: "http://am:9093/", token_file: secret}
  - {name: am-2, type: alertmanager, url: "http://am:9093", user: me, password_file: secret}
resolve_after_s: 5
objective: 0.99
console_url: http://console:8090/
grafana_url: http://grafana:3000
runbooks_url: https://wiki/runbooks/
""",
        {"MINE": "of the environment"},
    )
    assert [(each.secret, each.token, each.user, each.password) for each in found.sinks] == [
        (b"of the environment", "", "", ""),
        (b"", "s3", "", ""),
        (b"", "", "me", "s3"),
    ]
    assert found.links == Links("https://wiki/runbooks", "http://console:8090", "http://grafana:3000")
    assert (found.resolve_after_s, found.objective) == (5.0, 0.99)


def test_the_example_is_good() -> None:
    found = read_alerts_file(EXAMPLE, {"ALERTS_SECRET": "s"})
    assert [each.type for each in found.sinks] == ["webhook", "alertmanager"]


def test_every_problem_is_told_with_its_place(tmp_path: Path) -> None:
    told = problems(tmp_path, WRONG)
    assert [line.partition(". ")[0] for line in told] == [
        "3:11 sinks[0].name: this is no name of a sink",
        "4:11 sinks[0].type: 'webhok' is not possible here",
        "5:10 sinks[0].url: this is no URL",
        "6:5 sinks[0].secret: secrets do not stand in this file",
        "7:67 sinks[1].secret_file: the file cannot be read: no such file or directory",
        "8:12 sinks[2].name: sinks[1] is called 'b', too",
        "8:40 sinks[2].url: a URL holds no user or password here",
        "8:75 sinks[2].secret_env: a sink of type alertmanager has no `secret_env`",
        "9:5 sinks[3].secret_file: a webhook needs one secret, by which its receiver knows who calls",
        "10:66 sinks[4].secret_env: the environment has no variable of that name, or an empty one",
        "11:67 sinks[5].secret_file: the file is empty",
        "11:80 sinks[5].user: a sink of type webhook has no `user`",
        "12:65 sinks[6].user: `user` and `password_file` go together",
        "12:85 sinks[6].token_file: there are two ways to sign in",
        "13:1 resolve_after: there is no field 'resolve_after'",
        "14:12 objective: 99.9 is out of range",
    ]
    assert not any("hidden" in line for line in told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1:1 the document is empty. The least is: sinks: [{name: on-call, "),
        ("sinks: []", "1:8 sinks: there is no sink. Add one: sinks: [{name: on-call, "),
        ("sinks: [", "1:9 this is not valid YAML"),
        ("[]", "1:1 expected a mapping, found a list"),
        ("sinks: [3, {name: a}]", "1:9 sinks[0]: expected a mapping"),
        ("{sinks: {secret: x}}", "1:9 sinks: expected a list"),
        (
            "sinks: [{name: a, type: alertmanager, url: 'http://a:99999'}]",
            "1:44 sinks[0].url: this is no URL",
        ),
    ],
)
def test_what_is_no_alerts_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    assert problems(tmp_path, text)[0].startswith(told)


def test_a_token_is_one_line(tmp_path: Path) -> None:
    text = "sinks: [{name: a, type: alertmanager, url: 'http://h', token_file: two-lines}]"
    assert "the file is no token" in problems(tmp_path, text)[0]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"--alerts .*nowhere cannot be read: No such file"):
        read_alerts_file(tmp_path / "nowhere", {})
    (tmp_path / "bytes").write_bytes(b"\xff")
    with pytest.raises(CannotRun, match="is not UTF-8 text"):
        read_alerts_file(tmp_path / "bytes", {})


PIECES = (
    *("sinks:", " - ", "name: a", "{", "}", "[", "]", ", ", "\n", "  ", "secret: x", "secret_file: secret"),
    *("type: webhook", "url: http://h", "&a", "*a", "<<: ", "!t ", "null", "? ", "objective: 1e999", "'"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_any_text_is_good_or_told_to_be_wrong(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    directory = tmp_path_factory.getbasetemp()
    try:
        found = read(directory, text)
    except CannotRun:
        told = problems(directory, text)
    else:
        told = [sink.name for sink in found.sinks]
    assert told


def test_a_file_that_is_missing_is_told_with_the_least_that_one_says(tmp_path: Path) -> None:
    with pytest.raises(CannotRun) as told:
        read_alerts_file(tmp_path / "nowhere", {})
    least = str(told.value).partition("the least that such a file says: ")[2]
    (tmp_path / "alerts.yaml").write_text(least)
    (sink,) = read_alerts_file(tmp_path / "alerts.yaml", {"ALERTS_SECRET": "s"}).sinks
    assert (sink.name, sink.secret) == ("on-call", b"s")
