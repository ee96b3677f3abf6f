"""Requests to the tour's gateway, and the file that says which were answered already."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from trueline.core.errors import TruelineError
from trueline.lifecycle.tour.place import read_rows

TIMEOUT_SECONDS = 120.0
_ID = "x-trueline-exchange-id"


@dataclass(frozen=True, slots=True)
class Sent:
    """One sample that was sent, and the exchange it became."""

    sample: str
    exchange: str
    streamed: bool


class Client:
    """Speaks to one gateway over one kept connection."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def chat(self, text: str, model: str, *, streamed: bool) -> str:
        """Ask one question; gives the exchange's id.

        Raises:
            TruelineError: the gateway did not answer as it should.
        """
        body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": text}]}
        if streamed:
            body["stream"] = True
        answer, content = self._post("/v1/chat/completions", body)
        if streamed and not content.rstrip().endswith(b"data: [DONE]"):
            raise TruelineError("the gateway ended a stream before its end")
        return str(answer.headers[_ID])

    def feedback(self, exchange: str, **remark: Any) -> None:
        """Say something about an exchange; saying it again counts once."""
        self._post("/v1/feedback", {"exchange_id": exchange, **remark})

    def _post(self, path: str, body: Mapping[str, Any]) -> tuple[HTTPResponse, bytes]:
        headers = {"content-type": "application/json"}
        try:
            self._connection.request("POST", path, json.dumps(body), headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as error:
            raise TruelineError(f"the gateway did not answer: {type(error).__name__}") from None
        if answer.status != 200:
            raise TruelineError(f"the gateway answered {path} with status {answer.status}")
        return answer, content


def send(
    address: str, rows: Iterable[Mapping[str, Any]], log: Path, *, model: str, stream_every: int = 0
) -> list[Sent]:
    """Send samples that were not sent before, one after the other.

    A tour that is killed between an answer and its line in the log sends that one sample again.

    Args:
        address: of the gateway.
        rows: samples with `id` and `text`.
        log: which were sent; a line is added behind each answer.
        model: asked for.
        stream_every: of so many samples one is streamed; 0: none.

    Raises:
        TruelineError: the gateway did not answer as it should; what was sent is kept.
    """
    sent = read_log(log)
    known = {one.sample for one in sent}
    with closing(Client(address)) as client, log.open("a", encoding="utf-8") as file:
        for number, row in enumerate(rows):
            if row["id"] in known:
                continue
            streamed = stream_every > 0 and number % stream_every == 0
            exchange = client.chat(str(row["text"]), model, streamed=streamed)
            one = Sent(str(row["id"]), exchange, streamed)
            file.write(_line(one))
            file.flush()
            sent.append(one)
    return sent


def read_log(path: Path) -> list[Sent]:
    """What was sent; a last line that was torn off is removed from the file.

    Raises:
        InputError: a line before the last is broken.
    """
    if not path.exists():
        return []
    rows = read_rows(path)
    sent = [Sent(str(row["sample"]), str(row["exchange"]), bool(row["streamed"])) for row in rows]
    whole = "".join(_line(one) for one in sent)
    if path.read_text(encoding="utf-8") != whole:
        path.write_text(whole, encoding="utf-8")
    return sent


def sample_of(sent: Sequence[Sent], rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The sample behind each exchange."""
    by_id = {str(row["id"]): cast("dict[str, Any]", row) for row in rows}
    return {one.exchange: by_id[one.sample] for one in sent if one.sample in by_id}


def _line(one: Sent) -> str:
    return (
        json.dumps({"sample": one.sample, "exchange": one.exchange, "streamed": one.streamed})
        + "\n"
    )
