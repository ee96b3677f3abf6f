"""The schemas of the OpenAPI document: what each route takes and answers.

Requests say what is required and leave the rest open: fields this gateway does not know go
to the upstream untouched.
"""

from __future__ import annotations

from typing import Any

from trueline.store.feedback import KINDS, MAX_TEXT

Json = dict[str, Any]

# No lone surrogate can be sent in UTF-8.
_TEXT: Json = {"type": "string"}
_TEXTS: Json = {"type": "array", "items": _TEXT}
_PARTS: Json = {
    "type": "array",
    "minItems": 1,
    "items": {
        "oneOf": [
            {
                "type": "object",
                "required": ["type", "text"],
                "properties": {"type": {"const": "text"}, "text": _TEXT},
            },
            {
                "type": "object",
                "required": ["type", "image_url"],
                "properties": {
                    "type": {"const": "image_url"},
                    "image_url": {
                        "type": "object",
                        "required": ["url"],
                        "properties": {"url": _TEXT},
                    },
                },
            },
        ]
    },
}
_CONTENT: Json = {"oneOf": [_TEXT, _PARTS]}


def _object(required: list[str], **properties: Json) -> Json:
    return {"type": "object", "required": required, "properties": properties}


def _nullable(kind: str) -> Json:
    return {"type": [kind, "null"]}


def _constant(value: str) -> Json:
    return {"type": "string", "const": value}


SCHEMAS: dict[str, Json] = {
    "Error": _object(
        ["error"],
        error=_object(
            ["message", "type", "param", "code"],
            message=_TEXT,
            type=_TEXT,
            param=_nullable("string"),
            code=_nullable("string"),
        ),
    ),
    "Action": {"type": "string", "enum": ["allow", "flag", "redact", "rewrite", "block"]},
    "ChatMessage": _object(
        ["role", "content"],
        role={"type": "string", "enum": ["system", "developer", "user", "assistant"]},
        content=_CONTENT,
        name={"type": "string"},
    ),
    "ChatRequest": _object(
        ["model", "messages"],
        model={"type": "string", "minLength": 1},
        messages={
            "type": "array",
            "minItems": 1,
            "items": {"$ref": "#/components/schemas/ChatMessage"},
        },
        stream={"type": "boolean", "default": False},
        n={"type": "integer", "minimum": 1, "maximum": 16},
        max_tokens={"type": "integer", "minimum": 1, "maximum": 1_000_000},
        temperature={"type": "number", "minimum": 0, "maximum": 2},
    ),
    "ChatCompletion": _object(
        ["id", "object", "created", "model", "choices"],
        id=_TEXT,
        object=_constant("chat.completion"),
        created={"type": "integer"},
        model=_TEXT,
        choices={
            "type": "array",
            "items": _object(
                ["index", "message", "finish_reason"],
                index={"type": "integer"},
                finish_reason=_nullable("string"),
                message=_object(
                    ["role"],
                    role=_TEXT,
                    content=_nullable("string"),
                ),
            ),
        },
        usage={"type": "object"},
    ),
    "ModerationRequest": _object(
        ["input"],
        input={"oneOf": [_TEXT, {**_TEXTS, "minItems": 1, "maxItems": 1000}, _PARTS]},
        model=_TEXT,
    ),
    "Moderation": _object(
        ["id", "model", "results"],
        id=_TEXT,
        model=_TEXT,
        results={
            "type": "array",
            "items": _object(
                ["flagged", "categories", "category_scores", "category_applied_input_types"],
                flagged={"type": "boolean"},
                categories={"type": "object", "additionalProperties": {"type": "boolean"}},
                category_scores={
                    "type": "object",
                    "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
                },
                category_applied_input_types={
                    "type": "object",
                    "additionalProperties": _TEXTS,
                },
            ),
        },
    ),
    "ModelList": _object(
        ["object", "data"],
        object=_constant("list"),
        data={"type": "array", "items": _object(["id"], id=_TEXT)},
    ),
    "CheckRequest": {
        **_object(
            ["text"],
            text=_TEXT,
            role={
                "type": "string",
                "enum": ["prompt", "reply", "document", "tool_result"],
                "default": "prompt",
            },
            context={
                **_object(
                    [],
                    history={**_TEXTS, "maxItems": 1000},
                    language={"type": "string", "enum": ["", "zh", "en"]},
                    attributes={"type": "object", "additionalProperties": _TEXT},
                ),
                "additionalProperties": False,
            },
        ),
        "additionalProperties": False,
    },
    "Verdict": _object(
        ["action", "scores", "redacted_text", "policy_hash"],
        action={"$ref": "#/components/schemas/Action"},
        scores={
            "type": "array",
            "items": _object(
                ["category", "score", "threshold", "spans", "scorer", "reason"],
                category=_TEXT,
                label=_TEXT,
                score={"type": "number", "minimum": 0, "maximum": 1},
                threshold={"type": "number", "minimum": 0},
                action={"$ref": "#/components/schemas/Action"},
                spans={
                    "type": "array",
                    "items": {
                        "type": "array",
                        "items": {"type": "integer", "minimum": 0},
                        "minItems": 2,
                        "maxItems": 2,
                    },
                },
                scorer=_TEXT,
                reason=_TEXT,
            ),
        },
        redacted_text=_TEXT,
        policy_hash=_TEXT,
    ),
    "FeedbackRequest": {
        **_object(
            ["exchange_id", "kind"],
            exchange_id={"type": "string", "minLength": 1, "maxLength": 64},
            kind={"type": "string", "enum": list(KINDS)},
            value={"type": ["number", "null"], "minimum": -1_000_000, "maximum": 1_000_000},
            reason={"type": "string", "pattern": "^[a-z0-9_.-]{0,64}$"},
            text={"type": "string", "maxLength": MAX_TEXT},
        ),
        "additionalProperties": False,
    },
    "Feedback": _object(
        ["id", "object", "exchange_id"],
        id=_TEXT,
        object=_constant("feedback"),
        exchange_id=_TEXT,
    ),
    "Health": _object(["status", "version"], status=_constant("ok"), version=_TEXT),
    "Readiness": _object(
        ["ready", "policy", "store", "upstream"],
        ready={"type": "boolean"},
        policy=_TEXT,
        store=_TEXT,
        upstream=_TEXT,
    ),
    "Reload": _object(
        ["outcome", "policy_hash"],
        outcome={"type": "string", "enum": ["unchanged", "reloaded"]},
        policy_hash=_TEXT,
    ),
    "Document": _object(["openapi", "info", "paths"], openapi=_TEXT, info={}, paths={}),
}
