"""Errors as OpenAI's clients expect them: `{"error": {"message", "type", "param", "code"}}`."""

from __future__ import annotations

from collections.abc import Mapping

import orjson


class ApiError(Exception):
    """An answer that is an error.

    Args:
        status: HTTP status.
        message: what is wrong and the next step; never quotes a user's text.
        code: short machine-readable name.
        param: the field at fault.
        kind: OpenAI's `type`; follows from the status when empty.
        headers: response headers to add.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str,
        *,
        param: str | None = None,
        kind: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind or _kind(status)
        self.headers = dict(headers or {})

    def as_json(self) -> dict[str, dict[str, str | None]]:
        """The body as a mapping."""
        return {
            "error": {
                "message": self.message,
                "type": self.kind,
                "param": self.param,
                "code": self.code,
            }
        }

    def body(self) -> bytes:
        """The body as it is sent."""
        return orjson.dumps(self.as_json())


def bad_request(message: str, *, param: str | None = None, code: str = "invalid_value") -> ApiError:
    """A request that cannot be used as it stands."""
    return ApiError(400, message, code, param=param)


def not_found(path: str) -> ApiError:
    """A path that no route answers; only printable ASCII of it is repeated."""
    shown = "".join(c for c in path[:80] if " " < c < "\x7f" and c not in "<>\"'&")
    return ApiError(404, f"There is nothing at {shown}. See /openapi.json.", "not_found")


def method_not_allowed(allowed: tuple[str, ...]) -> ApiError:
    """A path that answers to other methods."""
    names = ", ".join(allowed)
    return ApiError(
        405, f"This path answers to {names} only.", "method_not_allowed", headers={"allow": names}
    )


def _kind(status: int) -> str:
    if status == 401:
        return "authentication_error"
    if status == 403:
        return "permission_error"
    if status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if status < 500 else "server_error"
