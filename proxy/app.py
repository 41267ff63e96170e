"""The FastAPI app behind the gateway: what an operator adds in Python is answered here.

A request that a route of the policy takes never gets here. `--handlers MODULE:ATTRIBUTE` names a
FastAPI router; the limits and credentials of the policy do not apply to it.
"""

import importlib

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute, Match

from proxy.gateway import Answers, nobody_answers
from warehouse.exits import CannotRun


def load_handlers(name: str) -> APIRouter:
    """The router that `MODULE:ATTRIBUTE` names; an empty one for an empty name."""
    if not name:
        return APIRouter()
    module, separator, attribute = name.partition(":")
    if not separator:
        raise CannotRun(f"--handlers {name!r} is not MODULE:ATTRIBUTE")
    try:
        router = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as failure:
        raise CannotRun(f"--handlers {name!r}: {failure}") from failure
    if not isinstance(router, APIRouter):
        raise CannotRun(f"--handlers {name!r} is no fastapi.APIRouter")
    return router


def gateway_app(handlers: APIRouter) -> FastAPI:
    """The app that uvicorn serves on the gateway's listener: the handlers, and 404 for the rest."""
    app = FastAPI(title="Tidegate", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(handlers)
    return app


def answers_of(app: FastAPI) -> Answers:
    """Whether a handler takes (method, host, path); asked only where no route of the policy does."""
    routes: tuple[BaseRoute, ...] = tuple(app.router.routes)
    if not routes:
        return nobody_answers

    def answers(method: str, host: str, path: str) -> bool:
        headers = [(b"host", host.encode("latin-1", "replace"))]
        scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": headers}
        return any(route.matches(scope)[0] is Match.FULL for route in routes)

    return answers
