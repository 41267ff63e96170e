"""Boards into a running Grafana by its HTTP API."""

from collections.abc import Mapping, Sequence

import httpx2
import msgspec

from dashboards.grafana import to_dashboard
from dashboards.spec import Board
from warehouse.exits import CannotRun, first_line, without_password

FOLDER_UID = "tidegate"
TIMEOUT_S = 10
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _CONFLICT, _PRECONDITION_FAILED = 401, 403, 404, 409, 412
_MISTAKES: Mapping[int, str] = {
    _UNAUTHORIZED: "Grafana does not accept the token; give one of a service account that is not expired",
    _FORBIDDEN: "the token may not do this; its service account needs the role Editor",
}
# Grafana's words for why a precondition failed.
_REFUSALS: Mapping[str, str] = {
    "version-mismatch": "Grafana has a newer version; push without --keep to replace it",
    "name-exists": "another dashboard has its title in this folder; rename or delete that one",
    "plugin-dashboard": "it belongs to a plugin",
}


class Pushed(msgspec.Struct, frozen=True):
    """What became of one board: where it is, and Grafana's number of its version (0: it tells none)."""

    uid: str
    url: str
    version: int


class _Told(msgspec.Struct):
    """The fields of Grafana's answers that are looked at."""

    message: str = ""
    status: str = ""
    url: str = ""
    version: int | str = 0  # a board's number; Grafana's own version where its health is told
    database: str = ""


class Grafana:
    """A running Grafana. `token`: of a service account. Every failure is a CannotRun that says what to do."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._fields = {"Authorization": f"Bearer {token}"}

    def push(self, boards: Sequence[Board], *, folder: str, overwrite: bool) -> list[Pushed]:
        """Puts the boards into the folder of that title, which is made where it is not there.

        Without `overwrite` a board of which Grafana has a newer version is left, and that is a CannotRun.
        """
        with httpx2.Client(timeout=TIMEOUT_S, trust_env=False, headers=self._fields) as client:
            self._check_health(client)
            self._make_folder(client, folder)
            return [self._push(client, board, overwrite=overwrite) for board in boards]

    def _check_health(self, client: httpx2.Client) -> None:
        answer = self._ask(client, "GET", "/api/health")
        if answer.status_code != httpx2.codes.OK or _told(answer).database != "ok":
            raise CannotRun(f"{self._named} is not ready: {_reason(answer)}")

    def _make_folder(self, client: httpx2.Client, title: str) -> None:
        answer = self._ask(client, "GET", f"/api/folders/{FOLDER_UID}")
        if answer.status_code == _NOT_FOUND:
            answer = self._ask(client, "POST", "/api/folders", {"uid": FOLDER_UID, "title": title})
            if answer.status_code in (_CONFLICT, _PRECONDITION_FAILED):  # somebody made it in between
                return
        self._check(answer, f"the folder {title!r}")

    def _push(self, client: httpx2.Client, board: Board, *, overwrite: bool) -> Pushed:
        content = {
            "dashboard": {**to_dashboard(board), "id": None},
            "folderUid": FOLDER_UID,
            "overwrite": overwrite,
            "message": "tidegate dashboards push",
        }
        answer = self._ask(client, "POST", "/api/dashboards/db", content)
        self._check(answer, board.title)
        told = _told(answer)
        return Pushed(board.uid, self._url + told.url, _number(told.version))

    def _check(self, answer: httpx2.Response, what: str) -> None:
        if answer.is_success:
            return
        status = answer.status_code
        if status == _PRECONDITION_FAILED:
            reason = _REFUSALS.get(_told(answer).status, _reason(answer))
        else:
            reason = _MISTAKES.get(status, _reason(answer))
        raise CannotRun(f"{what} was not pushed to {self._named}: {reason}")

    def _ask(
        self, client: httpx2.Client, method: str, path: str, content: Mapping[str, object] | None = None
    ) -> httpx2.Response:
        try:
            return client.request(method, self._url + path, json=content)
        except (httpx2.HTTPError, httpx2.InvalidURL) as trouble:
            raise CannotRun(f"{self._named} does not answer: {first_line(trouble)}") from None

    @property
    def _named(self) -> str:
        return without_password(self._url)


def _told(answer: httpx2.Response) -> _Told:
    try:
        return msgspec.json.decode(answer.content, type=_Told)
    except msgspec.DecodeError:
        return _Told()


def _number(version: int | str) -> int:
    return int(version) if str(version).isdecimal() else 0


def _reason(answer: httpx2.Response) -> str:
    message = _told(answer).message
    return f"HTTP {answer.status_code}" + (f", {message}" if message else "")
