"""The project's own OpenAPI document, held against the running gateway by schemathesis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from tests.e2e.conftest import StartGateway
from tests.e2e.servers import RunningGateway, start_gateway

from trueline.core.policy_file import template_text
from trueline.gateway.app import ROUTES
from trueline.gateway.openapi import document

SERVED_BESIDE_THE_DOCUMENT = {"/docs"}
BUDGET_MS = 60_000

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
VALID, INVALID = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
# A route without a body takes nothing that could be wrong.
OPERATIONS = [
    (path, method, mode)
    for path, item in document()["paths"].items()
    for method, operation in item.items()
    for mode in ((VALID, INVALID) if "requestBody" in operation else (VALID,))
]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document of a gateway that refuses what is invalid, however busy the machine is.

    The policy goes before the model: a request that only the model would refuse is answered
    with 200 and a safe reply when its prompt is blocked. So it is whenever a check is late, by
    default after two seconds; with `blocked_prompt: error` that is a refusal too.
    """
    folder = tmp_path_factory.mktemp("described")
    policy = folder / "policy.yaml"
    policy.write_text(
        template_text("default") + f"\nblocked_prompt: error\ntime_budget_ms: {BUDGET_MS}\n",
        encoding="utf-8",
    )
    running = start_gateway(folder)
    yield schemathesis.openapi.from_url(f"{running.url}/openapi.json")
    running.close()


@pytest.mark.parametrize(("path", "method", "mode"), OPERATIONS)
def test_what_the_document_says_is_what_the_gateway_does(
    described: Any, path: str, method: str, mode: schemathesis.GenerationMode
) -> None:
    cases = described[path][method].as_strategy(generation_mode=mode)

    @settings(
        max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(case=cases)
    def obeys(case: Any) -> None:
        case.validate_response(case.call(timeout=60), checks=CHECKS)

    obeys()


def test_an_invalid_request_whose_check_is_late_is_refused_and_not_answered(
    start: StartGateway, tmp_path: Path
) -> None:
    policy = tmp_path / "late.yaml"
    policy.write_text(
        template_text("default") + "\nblocked_prompt: error\ntime_budget_ms: 1\n", encoding="utf-8"
    )
    running = start(policy=str(policy))
    text = "One of many words. " * 3000

    answer = running.chat(text, temperature=3)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "content_policy_violation"


def test_every_route_is_described_with_its_methods() -> None:
    described = {path: {m.upper() for m in item} for path, item in document()["paths"].items()}
    served = {path: set(methods) for path, methods in ROUTES.items()}

    assert {k: v for k, v in served.items() if k not in SERVED_BESIDE_THE_DOCUMENT} == described


def test_every_reference_of_the_document_leads_somewhere() -> None:
    found: list[str] = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                found.append(node["$ref"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document())

    for reference in found:
        node: Any = document()
        for key in reference.removeprefix("#/").split("/"):
            node = node[key]
    assert len(found) > 50


def test_the_page_for_people_loads_nothing(assistant_gateway: RunningGateway) -> None:
    page = assistant_gateway.client.get("/docs")

    assert page.status_code == 200
    assert "/v1/chat/completions" in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
