"""An OpenAI-compatible URL as a target: retries with growing waits, time limits, rate limits."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from trueline.assess.suite_item import Message
from trueline.assess.target import Answer, Question
from trueline.core.errors import InputError
from trueline.scorers.remote_client import RequestFailed, kept_connections, post_json

KEY_VARIABLE = "TRUELINE_TARGET_KEY"
ATTEMPTS = 5
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0


class UrlTarget:
    """Asks `URL/chat/completions`.

    Args:
        url: base URL, such as `http://127.0.0.1:8080/v1`.
        model: name sent with each question.
        concurrency: questions under way at a time.
        timeout_seconds: for one attempt.
        attempts: tries of one question at most.
        max_tokens: of a reply; None leaves it to the server.
        temperature: None leaves it to the server.
        key_variable: environment variable that holds the key.
        pause: waits so many seconds, or less when the target is closed; given in tests.

    Raises:
        InputError: the URL is none.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        concurrency: int = 8,
        timeout_seconds: float = 120.0,
        attempts: int = ATTEMPTS,
        max_tokens: int | None = 512,
        temperature: float | None = 0.0,
        key_variable: str = KEY_VARIABLE,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self.name = _checked_url(url)
        self.model = model
        self.concurrency = concurrency
        self.batch_size = 1
        self.seeded = True
        self._timeout = timeout_seconds
        self._attempts = attempts
        self._options = {
            name: value
            for name, value in (("max_tokens", max_tokens), ("temperature", temperature))
            if value is not None
        }
        self._key_variable = key_variable
        self._key = os.environ.get(key_variable, "")
        self._idle: list[dict[str, HTTPConnection]] = []
        self._closed = threading.Event()
        self._pause = pause or self._closed.wait

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"kind": "url", "model": self.model, **self._options}

    def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """One answer for each question, in order."""
        pool = self._taken()
        try:
            with kept_connections(pool):
                return [self._answer(question) for question in questions]
        finally:
            self._idle.append(pool)
            if self._closed.is_set():
                self._close_idle()

    def close(self) -> None:
        """End all waiting and close what is idle; what is under way closes at its end."""
        self._closed.set()
        self._close_idle()

    def _taken(self) -> dict[str, HTTPConnection]:
        """Connections that no other thread uses; none yet when all are in use."""
        try:
            return self._idle.pop()
        except IndexError:
            return {}

    def _close_idle(self) -> None:
        for _ in range(len(self._idle)):
            for connection in self._taken().values():
                connection.close()

    def _answer(self, question: Question) -> Answer:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": api_messages(question.messages),
            "seed": question.seed,
            **self._options,
        }
        jitter = random.Random(question.seed)  # noqa: S311 - spreads retries
        answer = Answer(fault="stopped")
        for attempt in range(self._attempts):
            if self._closed.is_set():
                return Answer(fault="stopped")
            try:
                reply = post_json(
                    f"{self.name}/chat/completions", body,
                    key=self._key, timeout_seconds=self._timeout,
                )  # fmt: skip
            except RequestFailed as failure:
                answer = Answer(fault=failure.kind)
                retry, asked_wait = failure.retry or failure.kind == "timeout", failure.retry_after
            else:
                answer = read_completion(reply)
                retry, asked_wait = answer.fault == "not_completion", None
            if not retry:
                return answer
            if attempt + 1 < self._attempts:
                growing = FIRST_WAIT_SECONDS * 2**attempt * (1 + jitter.random())
                wanted = max(growing, asked_wait or 0.0)
                self._pause(min(wanted, LONGEST_WAIT_SECONDS))
        return answer


def read_completion(reply: Any) -> Answer:
    """The answer in a chat completion; tool calls are part of its text.

    What is no completion is the fault `not_completion`.
    """
    try:
        choice = reply["choices"][0]
        message = choice["message"]
        content = message.get("content")
        texts = [content] if isinstance(content, str) else _part_texts(content)
        for call in message.get("tool_calls") or ():
            function = call["function"]
            texts.append(f"{function['name']} {function.get('arguments') or ''}")
        model, finish = reply.get("model"), choice.get("finish_reason")
        if not texts and not isinstance(message.get("refusal"), str):
            return Answer(
                fault="empty" if content is None else "not_completion", model=_text(model),
                finish_reason=_text(finish),
            )  # fmt: skip
        text = "\n".join(text for text in texts if text) or _text(message.get("refusal"))
    except (KeyError, IndexError, TypeError, AttributeError):
        return Answer(fault="not_completion")
    return Answer(text=text, model=_text(model), finish_reason=_text(finish))


def api_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages as the API takes them: a tool's result follows a call, which is put before it."""
    spelled: list[dict[str, Any]] = []
    for number, message in enumerate(messages):
        if message["role"] != "tool":
            spelled.append(dict(message))
            continue
        call = {
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": message.get("name", "lookup"), "arguments": "{}"},
        }
        spelled.append({"role": "assistant", "content": None, "tool_calls": [call]})
        spelled.append({"role": "tool", "tool_call_id": call["id"], "content": message["content"]})
    return spelled


def _part_texts(content: Any) -> list[str]:
    if not isinstance(content, list):
        return []
    return [part["text"] for part in content if isinstance(part.get("text"), str)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise InputError(f"target {url!r} is not a URL: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"target {url!r} is not a URL; give one such as http://127.0.0.1:8080/v1")
    if parts.username or parts.query or parts.fragment:
        raise InputError(
            "the target's URL must be plain: no user name, query or fragment; put the key into "
            f"{KEY_VARIABLE}"
        )
    return url.rstrip("/")
