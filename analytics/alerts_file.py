"""alerts.yaml: read as a policy is, every problem at once with its place; secrets are read from elsewhere.

The URLs of sinks may be secrets themselves (a chat's webhook): no message shows one.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import httpx2
import msgspec
from msgspec import inspect
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from analytics.alert_links import RUNBOOKS, Links
from analytics.objectives import DEFAULT_OBJECTIVE
from analytics.sinks import Sink
from kernel.document import Walk
from kernel.problems import GaveUp, Mark, Problem, Report
from kernel.syntax import compose
from warehouse.exits import CannotRun
from warehouse.listening import HIGHEST_PORT

LEAST = 'sinks: [{name: on-call, type: webhook, url: "http://127.0.0.1:9000/", secret_env: ALERTS_SECRET}]'
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
INLINE = ("secret", "token", "password")  # as somebody would write them, and as they must not stand there
LARGEST_OBJECTIVE = 0.999999  # of 1 nothing may ever fail, and each failure burns without end
SinkType = Literal["webhook", "alertmanager"]


class SinkFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sink, as written. Files are relative to alerts.yaml."""

    name: str
    type: SinkType
    url: str
    secret_file: str = ""  # of a webhook's signature, or
    secret_env: str = ""  # the variable that holds it
    token_file: str = ""  # an Alertmanager's bearer token, or
    user: str = ""  # its user, with
    password_file: str = ""


class Fields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file, as written."""

    sinks: tuple[SinkFields, ...]
    resolve_after_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 60.0
    objective: Annotated[float, msgspec.Meta(gt=0, le=LARGEST_OBJECTIVE)] = DEFAULT_OBJECTIVE
    console_url: str = ""
    grafana_url: str = ""
    runbooks_url: str = RUNBOOKS


class AlertsFile(msgspec.Struct, frozen=True):
    """What an operator wants to be told, and where. `objective`: the share of requests that must succeed."""

    sinks: tuple[Sink, ...]
    links: Links
    resolve_after_s: float
    objective: float


def read_alerts_file(path: Path, environment: Mapping[str, str]) -> AlertsFile:
    """The file, checked. Raises CannotRun with every problem, one line each."""
    try:
        text = path.read_text("utf-8")
    except OSError as problem:
        raise CannotRun(
            f"--alerts {path} cannot be read: {problem.strerror}\nthe least that such a file says: {LEAST}"
        ) from problem
    except UnicodeDecodeError as problem:
        raise CannotRun(f"--alerts {path} is not UTF-8 text (byte {problem.start})") from problem
    report = Report(str(path))
    try:
        read = Reading(report, path.parent, environment).read(text)
    except GaveUp as reason:
        report.problems.append(Problem("error", str(path), 1, 1, "", f"not read to its end: {reason}", ""))
        read = None
    if read is None or report.failed:
        found = sorted(report.problems, key=lambda each: (each.line, each.column, each.field))
        raise CannotRun("\n".join(("the alerts file is wrong:", *(each.text() for each in found))))
    return read


class Reading:
    """One reading of the file; what is wrong goes to the report."""

    def __init__(self, report: Report, directory: Path, environment: Mapping[str, str]) -> None:
        self._report = report
        self._directory = directory
        self._environment = environment

    def read(self, text: str) -> AlertsFile | None:
        """What stands in a text; only good where the report has no error."""
        root = compose(text, self._report.file)
        if isinstance(root, Problem):
            self._report.add(root)
            return None
        if root is None or (isinstance(root, ScalarNode) and root.tag == "null"):
            self._report.error("", "the document is empty", f"The least is: {LEAST}")
            return None
        self._refuse_inline(root)
        fields = Walk(self._report).value(root, inspect.type_info(Fields), "")
        return self._checked(fields) if isinstance(fields, Fields) else None

    def _refuse_inline(self, root: Node) -> None:
        """Secrets that stand in the file are told, and taken out: nothing else may repeat them."""
        sinks = [value for key, value in root.value if key.value == "sinks"] if is_mapping(root) else []
        items = sinks[0].value if sinks and isinstance(sinks[0], SequenceNode) else []
        for index, item in enumerate(items):
            if not is_mapping(item):
                continue
            for key in [key for key, _ in item.value if key.value in INLINE]:
                mark = Mark(key.start_mark.line + 1, key.start_mark.column + 1)
                todo = f"Put it into a file (mode 0600) and write `{key.value}_file: PATH`."
                path = f"sinks[{index}].{key.value}"
                self._report.error(path, "secrets do not stand in this file", todo, mark)
            item.value = [pair for pair in item.value if pair[0].value not in INLINE]

    def _checked(self, fields: Fields) -> AlertsFile:
        """Everything that the types alone cannot tell."""
        if not fields.sinks:
            self._report.error("sinks", "there is no sink", f"Add one: {LEAST}")
        seen: dict[str, int] = {}
        sinks: list[Sink] = []
        for index, sink in enumerate(fields.sinks):
            path = f"sinks[{index}]"
            self._check_name(sink.name, path, seen)
            seen.setdefault(sink.name, index)
            self._check_url(sink.url, f"{path}.url")
            sinks.append(self._with_secrets(sink, path))
        for name in ("console_url", "grafana_url"):
            if getattr(fields, name):
                self._check_url(getattr(fields, name), name)
        roots = (fields.runbooks_url, fields.console_url, fields.grafana_url)
        links = Links(*(each.rstrip("/") for each in roots))
        return AlertsFile(tuple(sinks), links, fields.resolve_after_s, fields.objective)

    def _check_name(self, name: str, path: str, seen: Mapping[str, int]) -> None:
        if name in seen:
            what = f"sinks[{seen[name]}] is called {name!r}, too"
            self._report.error(f"{path}.name", what, "Give each sink a name of its own.")
        elif not NAME.fullmatch(name) or len(name) > 64:
            todo = "Write lower-case letters, digits and single dashes: `on-call`."
            self._report.error(f"{path}.name", "this is no name of a sink", todo)

    def _check_url(self, url: str, path: str) -> None:
        try:
            parsed = httpx2.URL(url)
            is_good = parsed.scheme in ("http", "https") and bool(parsed.host) and not parsed.fragment
            is_good = is_good and (parsed.port is None or 0 < parsed.port <= HIGHEST_PORT)
        except httpx2.InvalidURL:
            is_good = False
        if not is_good:
            self._report.error(path, "this is no URL", "Write `http://HOST:PORT/PATH`, or https.")
        elif parsed.userinfo:
            self._report.error(path, "a URL holds no user or password here", "See `user`, `password_file`.")

    def _with_secrets(self, sink: SinkFields, path: str) -> Sink:
        """A sink with what its files and its variable hold."""
        if self._report.is_wrong(f"{path}.type"):
            return Sink(sink.name, "webhook", sink.url)
        if sink.type == "webhook":
            for name in ("token_file", "user", "password_file"):
                self._refuse(sink, name, path, "A webhook is signed: `secret_file` or `secret_env`.")
            return Sink(sink.name, "webhook", sink.url, secret=self._secret_of(sink, path).encode())
        for name in ("secret_file", "secret_env"):
            self._refuse(
                sink, name, path, "An Alertmanager takes `token_file`, or `user` and `password_file`."
            )
        if bool(sink.user) != bool(sink.password_file):
            what = "`user` and `password_file` go together"
            self._report.error(f"{path}.user", what, "Write both, or none.")
        if sink.user and sink.token_file:
            self._report.error(f"{path}.token_file", "there are two ways to sign in", "Keep one of them.")
        token = self._text_of(sink.token_file, f"{path}.token_file")
        if not (token.isascii() and token.isprintable()):
            self._report.error(f"{path}.token_file", "the file is no token", "It is one line of ASCII text.")
        return Sink(
            name=sink.name,
            type="alertmanager",
            url=sink.url,
            token=token,
            user=sink.user,
            password=self._text_of(sink.password_file, f"{path}.password_file"),
        )

    def _refuse(self, sink: SinkFields, name: str, path: str, todo: str) -> None:
        if getattr(sink, name):
            self._report.error(f"{path}.{name}", f"a sink of type {sink.type} has no `{name}`", todo)

    def _secret_of(self, sink: SinkFields, path: str) -> str:
        """What a webhook's signatures are made with. No message repeats what the file says in its place."""
        if bool(sink.secret_file) == bool(sink.secret_env):
            what = "a webhook needs one secret, by which its receiver knows who calls"
            todo = "Write one of `secret_file: PATH` and `secret_env: VARIABLE`."
            self._report.error(f"{path}.secret_file", what, todo)
            return ""
        if sink.secret_file:
            return self._text_of(sink.secret_file, f"{path}.secret_file")
        found = self._environment.get(sink.secret_env, "")
        if not found:
            what = "the environment has no variable of that name, or an empty one"
            self._report.error(f"{path}.secret_env", what, "Set it where analytics is started.")
        return found

    def _text_of(self, name: str, path: str) -> str:
        """A file's text without the newline at its end; empty where none is named."""
        if not name:
            return ""
        try:
            text = (self._directory / name).read_text("utf-8").removesuffix("\n")
        except (OSError, ValueError) as problem:
            reason = (isinstance(problem, OSError) and problem.strerror) or "it is not UTF-8 text"
            self._report.error(
                path, f"the file cannot be read: {reason}".lower(), "Check path and permissions."
            )
            return ""
        if not text.strip():
            self._report.error(path, "the file is empty", "Write the secret into it.")
        return text


def is_mapping(node: Node) -> bool:
    """Whether a node is a mapping, and all its keys are names."""
    return isinstance(node, MappingNode) and all(isinstance(key, ScalarNode) for key, _ in node.value)
