"""`POST /v1/moderations`: OpenAI's shape, with our categories beside OpenAI's names.

OpenAI's thirteen names are filled from our taxonomy where one of our categories means the
same; names we do not tell apart (such as `violence/graphic`) stay false with score 0.
Shape: https://platform.openai.com/docs/api-reference/moderations
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, cast

from trueline.core.policy import Policy
from trueline.core.records import Action, Context, Verdict
from trueline.gateway.admission import admit, off_loop
from trueline.gateway.api_error import bad_request
from trueline.gateway.http_io import NO_STORE, Request
from trueline.gateway.recording import count_verdict, record
from trueline.gateway.state import GatewayState
from trueline.guard.guard import Guard

MAX_INPUTS = 1000
# OpenAI's name -> ours.
OPENAI_NAMES: Mapping[str, tuple[str, ...]] = {
    "harassment": ("hate_discrimination",),
    "harassment/threatening": (),
    "hate": ("hate_discrimination",),
    "hate/threatening": (),
    "illicit": ("crime_fraud", "cbrne", "terror_extremism"),
    "illicit/violent": ("cbrne", "terror_extremism"),
    "self-harm": ("self_harm",),
    "self-harm/intent": (),
    "self-harm/instructions": (),
    "sexual": ("sexual", "sexual_crime", "csae"),
    "sexual/minors": ("csae",),
    "violence": ("violence",),
    "violence/graphic": (),
}


async def moderations(state: GatewayState, request: Request) -> None:
    """Judge one or many texts; one record for all of them."""
    admitted = await admit(state, request)
    draft, guard = admitted.draft, admitted.guard
    groups = read_input(admitted.body)
    began = perf_counter()
    verdicts = await off_loop(guard, admitted.size, lambda: _judge(guard, groups))
    draft.guard_seconds = perf_counter() - began
    state.metrics.guard_seconds.observe(draft.guard_seconds, "prompt")
    policy = admitted.active.policy
    results: list[dict[str, Any]] = []
    for number, (group, judged) in enumerate(zip(groups, verdicts, strict=True)):
        for part, (text, verdict) in enumerate(zip(group, judged, strict=True)):
            count_verdict(state.metrics, "prompt", verdict)
            draft.add(f"input[{number}]" + (f"[{part}]" if len(group) > 1 else ""), verdict)
            draft.prompt_action = max(draft.prompt_action, verdict.action)
            draft.prompt_chars += len(text)
            draft.keep_prompt(text, verdict)
        results.append(moderation_result(judged, policy))
    await record(state, draft)
    answer = {
        "id": f"modr-{draft.id}",
        "model": f"trueline-{policy.name}",
        "results": results,
    }
    await request.respond_json(200, answer, [NO_STORE, *draft.headers()])


def read_input(body: Mapping[str, Any]) -> list[list[str]]:
    """The texts to judge: a list of results, each with the texts it covers.

    A string is one result, a list of strings one for each, a list of parts one for all.

    Raises:
        ApiError: 400, naming the field.
    """
    value = body.get("input")
    if "model" in body and not isinstance(body["model"], str):
        raise bad_request("model must be a string.", param="model")
    if isinstance(value, str):
        return [[value]]
    if not isinstance(value, list) or not value:
        raise bad_request(
            "input must be a string, a list of strings or a list of parts.", param="input"
        )
    items: list[Any] = value
    if len(items) > MAX_INPUTS:
        raise bad_request(f"input must have at most {MAX_INPUTS} items.", param="input")
    if all(isinstance(item, str) for item in items):
        return [[item] for item in items]
    return [[text for number, item in enumerate(items) if (text := _part(item, number))]]


def moderation_result(verdicts: Sequence[Verdict], policy: Policy) -> dict[str, Any]:
    """One entry of `results`: the strictest of several verdicts for each category."""
    ours: dict[str, float] = dict.fromkeys((*policy.categories, *policy.topics), 0.0)
    acted: set[str] = set()
    for verdict in verdicts:
        for score in verdict.scores:
            ours[score.category] = max(ours.get(score.category, 0.0), score.value)
            if score.action > Action.ALLOW:
                acted.add(score.category)
    categories: dict[str, bool] = {}
    scores: dict[str, float] = {}
    for name, sources in OPENAI_NAMES.items():
        categories[name] = any(source in acted for source in sources)
        scores[name] = round(max((ours.get(source, 0.0) for source in sources), default=0.0), 4)
    for name, value in ours.items():
        categories[name] = name in acted
        scores[name] = round(value, 4)
    return {
        "flagged": bool(acted),
        "categories": categories,
        "category_scores": scores,
        "category_applied_input_types": {name: ["text"] for name in categories},
    }


def _judge(guard: Guard, groups: Sequence[Sequence[str]]) -> list[list[Verdict]]:
    context = Context(role="prompt")
    return [[guard.judge_text(text, context) for text in group] for group in groups]


def _part(item: Any, number: int) -> str:
    where = f"input[{number}]"
    if not isinstance(item, dict):
        raise bad_request(f"{where} must be a string or a part with a type.", param=where)
    part = cast("dict[str, Any]", item)
    kind = part.get("type")
    if kind == "text":
        text = part.get("text")
        if not isinstance(text, str):
            raise bad_request(f"{where}.text must be a string.", param=f"{where}.text")
        return text
    if kind == "image_url":
        image = part.get("image_url")
        if not isinstance(image, dict) or not isinstance(
            cast("dict[str, Any]", image).get("url"), str
        ):
            raise bad_request(
                f"{where}.image_url must be an object with a url.", param=f"{where}.image_url"
            )
        return ""
    raise bad_request(f"{where}.type must be text or image_url.", param=f"{where}.type")
