"""Fixtures: running gateways and a scripted upstream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.servers import RunningGateway, ScriptedUpstream, says, start_gateway

StartGateway = Callable[..., RunningGateway]


@pytest.fixture(scope="session")
def _shared_upstream() -> Iterator[ScriptedUpstream]:
    upstream = ScriptedUpstream()
    yield upstream
    upstream.close()


@pytest.fixture
def upstream(_shared_upstream: ScriptedUpstream) -> ScriptedUpstream:
    """The scripted upstream, as if fresh."""
    _shared_upstream.script = says("All is well.")
    _shared_upstream.requests.clear()
    return _shared_upstream


@pytest.fixture(scope="session")
def _shared_gateway(
    _shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    running = start_gateway(tmp_path_factory.mktemp("gateway"), _shared_upstream.url)
    yield running
    running.close()


@pytest.fixture
def gateway(_shared_gateway: RunningGateway, upstream: ScriptedUpstream) -> RunningGateway:
    """A gateway in front of the scripted upstream; shared, so leave its settings alone."""
    return _shared_gateway


@pytest.fixture(scope="session")
def assistant_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway with the built-in assistant and the default policy."""
    running = start_gateway(tmp_path_factory.mktemp("assistant"), policy="default")
    yield running
    running.close()


@pytest.fixture
def gateway_url(assistant_gateway: RunningGateway) -> str:
    """Address of a gateway with the built-in assistant and the default policy."""
    return assistant_gateway.url


@pytest.fixture
def start(tmp_path: Path, upstream: ScriptedUpstream) -> Iterator[StartGateway]:
    """Start gateways with settings of one's own; all are stopped at the end."""
    running: list[RunningGateway] = []

    def starter(**fields: Any) -> RunningGateway:
        url = fields.pop("upstream_url", upstream.url)
        folder = fields.pop("folder", tmp_path / f"gateway{len(running)}")
        running.append(start_gateway(folder, url, **fields))
        return running[-1]

    yield starter
    for one in running:
        one.close()
