"""The control API: proxies follow it, analytics proposes through it, operators decide.

Bodies are JSON of the structs in kernel.control; errors are `application/problem+json`
(RFC 9457). Every call needs a bearer token; `/livez` alone does not.
"""

from fastapi import FastAPI

from console.answers import add_error_handlers
from console.calls import add_calls
from console.control_following import following_calls
from console.control_policy import policy_calls
from console.control_records import record_calls
from console.control_reviewing import reviewing_calls
from console.state import ControlState
from console.tokens import Tokens


def create_app(state: ControlState, tokens: Tokens) -> FastAPI:
    """The application."""
    app = FastAPI(title="Tidegate control", docs_url=None, redoc_url=None, openapi_url=None)
    tokens.accept_issued(state.issued)
    add_error_handlers(app)
    calls = (
        *following_calls(state),
        *policy_calls(state),
        *reviewing_calls(state),
        *record_calls(state),
    )
    add_calls(app, tokens, calls)
    return app
