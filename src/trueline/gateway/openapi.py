"""The OpenAPI 3.1 document of every route, and a page that shows it without outside scripts.

>>> sorted(document()["paths"])[:3]
['/healthz', '/metrics', '/openapi.json']
"""

from __future__ import annotations

import html
from functools import cache
from typing import Any

import orjson

from trueline.gateway.openapi_schemas import SCHEMAS

Json = dict[str, Any]

VERDICT_HEADERS: Json = {
    "x-request-id": {"description": "Id of this request.", "schema": {"type": "string"}},
    "x-trueline-exchange-id": {
        "description": "Id of the record in the log; quote it in feedback.",
        "schema": {"type": "string"},
    },
    "x-trueline-action": {
        "description": "What the policy did.",
        "schema": {"$ref": "#/components/schemas/Action"},
    },
    "x-trueline-categories": {
        "description": "Categories that reached their threshold, comma-separated.",
        "schema": {"type": "string"},
    },
    "x-trueline-policy": {
        "description": "Content hash of the policy that decided.",
        "schema": {"type": "string"},
    },
}

_MEANING = {
    400: "The request cannot be used as it stands.",
    401: "No API key, or one that is not valid.",
    403: "The key's role does not allow this, or the request came from a foreign page.",
    404: "There is no such thing.",
    405: "The path answers to other methods.",
    408: "The body did not arrive in time.",
    413: "The body is too long.",
    429: "Over the key's rate limit; Retry-After says when to try again.",
    502: "The upstream failed.",
    503: "The event store cannot be written, so nothing is answered.",
    504: "The upstream did not answer in time.",
}


@cache
def document() -> Json:
    """The whole document."""
    from trueline.core.version import version

    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Trueline gateway",
            "version": version(),
            "description": "An OpenAI-compatible server that holds prompts and replies against a "
            "policy. 兼容 OpenAI 接口的网关，按策略检查每一条提问和回复。",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        # A key, or none: on loopback with no keys made yet the API is open.
        "security": [{"bearer": []}, {}],
        "tags": [
            {"name": "openai", "description": "Routes that OpenAI's clients know."},
            {"name": "trueline", "description": "Checks and feedback."},
            {"name": "operation", "description": "Health, metrics and description."},
        ],
        "paths": _paths(),
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key made by `trueline keys create`. On loopback with no "
                    "keys made yet, none is needed.",
                }
            },
            "responses": {
                str(status): {
                    "description": meaning,
                    "content": {"application/json": {"schema": _ref("Error")}},
                }
                for status, meaning in _MEANING.items()
            },
        },
    }


@cache
def document_bytes() -> bytes:
    """The document as it is served."""
    return orjson.dumps(document())


@cache
def page() -> bytes:
    """A plain page of the routes: what each takes, and what it answers."""
    rows: list[str] = []
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            example = body.get("example")
            rows.append(f"<section><h2><code>{method.upper()}</code> {html.escape(path)}</h2>")
            rows.append(f"<p>{html.escape(operation['summary'])}</p>")
            if operation.get("description"):
                rows.append(f"<p>{html.escape(operation['description'])}</p>")
            if example is not None:
                text = orjson.dumps(example, option=orjson.OPT_INDENT_2).decode()
                rows.append(f"<pre>{html.escape(text)}</pre>")
            statuses = ", ".join(operation["responses"])
            rows.append(f"<p class=statuses>{html.escape(statuses)}</p></section>")
    return _PAGE.format(body="\n".join(rows)).encode()


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Trueline API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }}
section {{ border-top: 1px solid #ccc; }} h2 {{ font-size: 1.1rem; }}
pre {{ background: #f4f4f4; color: #222; padding: .75rem; overflow: auto; }}
.statuses {{ color: #666; font-size: .875rem; }}
</style></head><body>
<h1>Trueline API</h1>
<p>Machine-readable: <a href="/openapi.json">/openapi.json</a>.</p>
{body}
</body></html>
"""


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(text: str, schema: str, *, verdict: bool = False) -> Json:
    answer: Json = {
        "description": text,
        "content": {"application/json": {"schema": _ref(schema)}},
    }
    if verdict:
        answer["headers"] = VERDICT_HEADERS
    return answer


def _errors(*statuses: int) -> Json:
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}


def _body(schema: str, example: Json) -> Json:
    content = {"schema": _ref(schema), "example": example}
    return {"required": True, "content": {"application/json": content}}


def _paths() -> Json:
    guarded = _errors(400, 401, 403, 408, 413, 429, 503)
    chat_answer = _answer("A completion; an event stream with `stream`.", "ChatCompletion")
    chat_answer["headers"] = VERDICT_HEADERS
    chat_answer["content"]["text/event-stream"] = {
        "schema": {"description": "Events whose data are chunks, then `[DONE]`."}
    }
    return {
        "/v1/chat/completions": {
            "post": {
                "operationId": "createChatCompletion",
                "tags": ["openai"],
                "summary": "Answer a conversation, prompt and reply held against the policy.",
                "description": "Fields not named here go to the upstream untouched. A blocked "
                "prompt never leaves; the answer is a completion with finish_reason "
                "content_filter, or status 400 where the policy says so.",
                "requestBody": _body(
                    "ChatRequest",
                    {
                        "model": "trueline-assistant",
                        "messages": [{"role": "user", "content": "What is Trueline?"}],
                    },
                ),
                "responses": {"200": chat_answer, **guarded, **_errors(404, 502, 504)},
            }
        },
        "/v1/moderations": {
            "post": {
                "operationId": "createModeration",
                "tags": ["openai"],
                "summary": "Hold texts against the policy without asking a model.",
                "requestBody": _body("ModerationRequest", {"input": "My number is 13800138000"}),
                "responses": {
                    "200": _answer("One result for each text.", "Moderation", verdict=True),
                    **guarded,
                },
            }
        },
        "/v1/models": {
            "get": {
                "operationId": "listModels",
                "tags": ["openai"],
                "summary": "List the upstream's models.",
                "responses": {
                    "200": _answer("The models.", "ModelList"),
                    **_errors(401, 403, 429, 502, 504),
                },
            }
        },
        "/v1/guard/check": {
            "post": {
                "operationId": "check",
                "tags": ["trueline"],
                "summary": "One text, one verdict, with spans in code points and reasons.",
                "requestBody": _body("CheckRequest", {"text": "Mail jane.doe@example.com"}),
                "responses": {
                    "200": _answer("The verdict.", "Verdict", verdict=True),
                    **guarded,
                },
            }
        },
        "/v1/feedback": {
            "post": {
                "operationId": "createFeedback",
                "tags": ["trueline"],
                "summary": "Say whether the verdict on an exchange was right.",
                "requestBody": _body(
                    "FeedbackRequest",
                    {"exchange_id": "0" * 32, "kind": "thumbs", "value": -1},
                ),
                "responses": {
                    "200": _answer("Stored.", "Feedback"),
                    **guarded,
                    **_errors(404),
                },
            }
        },
        "/v1/policy/reload": {
            "post": {
                "operationId": "reloadPolicy",
                "tags": ["operation"],
                "summary": "Read the policy files again (role admin).",
                "responses": {
                    "200": _answer("What came of it.", "Reload"),
                    **_errors(401, 403, 429),
                    "422": _answer("A file has faults; the old policy stays in force.", "Error"),
                },
            }
        },
        "/metrics": _open("metrics", "Metrics in Prometheus' text format.", "text/plain"),
        "/healthz": _open("health", "The process is alive.", "application/json", "Health"),
        "/readyz": {
            "get": {
                "operationId": "ready",
                "tags": ["operation"],
                "summary": "Whether policy, event store and upstream are ready.",
                "security": [],
                "responses": {
                    "200": _answer("Ready.", "Readiness"),
                    "503": _answer("Not ready.", "Readiness"),
                },
            }
        },
        "/openapi.json": _open("openapi", "This document.", "application/json", "Document"),
    }


def _open(name: str, summary: str, kind: str, schema: str = "") -> Json:
    content: Json = {"schema": _ref(schema) if schema else {"type": "string"}}
    return {
        "get": {
            "operationId": name,
            "tags": ["operation"],
            "summary": summary,
            "security": [],
            "responses": {"200": {"description": summary, "content": {kind: content}}},
        }
    }
