"""`trueline up` as a user starts it: what it prints, what it refuses, how it ends."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.e2e.servers import START, command, wait_until

from trueline.store.events import EventStore
from trueline.store.keys import create_key
from trueline.store.verify import verify


def refused(folder: Path, *arguments: str) -> str:
    """Run `trueline up` where it must not start; gives what it says."""
    done = subprocess.run(
        [sys.executable, "-c", START, "up", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_it_says_where_it_listens_and_answers_curl(tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    with command(tmp_path) as running:
        url = running.wait_ready()

        def ask(path: str, body: str) -> str:
            line = [curl, "-sS", "-i", url + path, "-H", "content-type: application/json",
                    "-d", body]  # fmt: skip
            return subprocess.run(line, capture_output=True, text=True, check=True).stdout

        chat = ask(
            "/v1/chat/completions",
            '{"model":"trueline-assistant","messages":[{"role":"user","content":"你好"}]}',
        )
        verdict = ask("/v1/guard/check", '{"text":"我的手机号是13800138000"}')
        running.process.send_signal(signal.SIGTERM)
        code = running.process.wait(30)

    banner = "\n".join(running.banner)
    assert "Trueline" in banner
    assert "default (template default), sha256:" in banner
    assert "built-in assistant" in banner
    assert "sqlite:///trueline.db" in banner
    assert "open to this machine" in banner
    assert "HTTP/1.1 200 OK" in chat
    assert "Trueline 内置的小助手" in chat
    assert '"spans":[[6,17]]' in verdict
    assert code == 0
    assert not (tmp_path / "trueline.db-wal").exists(), "the store was closed"
    with EventStore.open(f"sqlite:///{tmp_path / 'trueline.db'}") as store:
        assert verify(store).ok


def test_a_taken_port_is_told_with_the_next_step(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        said = refused(tmp_path, "--port", str(port))

    assert f"port {port} on 127.0.0.1 is taken by another program" in said
    assert f"trueline up --port {port + 1}" in said


def test_a_policy_with_faults_is_told_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "schema: trueline.policy/1\nname: mine\ncategories:\n  violence: {acton: block}\n",
        encoding="utf-8",
    )

    said = refused(tmp_path, "--port", "0", "--policy", "mine.yaml")
    missing = refused(tmp_path, "--port", "0", "--policy", "none.yaml")

    assert "mine.yaml is not a valid policy" in said
    assert "line 4" in said
    assert "there is no policy file none.yaml" in missing


def test_a_database_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    said = refused(tmp_path, "--port", "0", "--db", "sqlite:////proc/none/events.db")
    kind = refused(tmp_path, "--port", "0", "--db", "oracle://somewhere")

    assert "/proc/none/events.db" in said
    assert "sqlite:///FILE" in kind


def test_an_upstream_that_is_no_url_is_told(tmp_path: Path) -> None:
    assert "must be a URL" in refused(tmp_path, "--port", "0", "--upstream", "localhost")
    assert "TRUELINE_UPSTREAM_KEY" in refused(
        tmp_path, "--port", "0", "--upstream", "http://user:secret@127.0.0.1/v1"
    )


def test_settings_that_cannot_be_used_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "trueline.yaml").write_text("colour: red\ndrain_timeout: -1\n", encoding="utf-8")

    said = refused(tmp_path, "--port", "99999")

    assert "colour (trueline.yaml): is not a setting" in said
    assert "drain_timeout (trueline.yaml)" in said
    assert "port (flag)" in said


def test_others_may_reach_it_only_once_a_key_was_made(tmp_path: Path) -> None:
    said = refused(tmp_path, "--host", "0.0.0.0", "--port", "0")
    with EventStore.open(f"sqlite:///{tmp_path / 'trueline.db'}") as store:
        secret = create_key(store, "first").secret

    with command(tmp_path, "--host", "0.0.0.0") as running:
        url = running.wait_ready()
        without = httpx.get(f"{url}/v1/models")
        with_key = httpx.get(f"{url}/v1/models", headers={"authorization": f"Bearer {secret}"})

    assert "trueline keys create --name" in said
    assert "by key" in running.banner[-1]
    assert (without.status_code, with_key.status_code) == (401, 200)


def test_hang_up_reloads_the_policy(tmp_path: Path) -> None:
    text = "schema: trueline.policy/1\nname: {}\ncategories: {{privacy: {{action: redact}}}}\n"
    policy = tmp_path / "policy.yaml"
    policy.write_text(text.format("one"), encoding="utf-8")
    with command(tmp_path, TRUELINE_POLICY_POLL="3600") as running:
        url = running.wait_ready()

        def hash_now() -> str:
            verdict = httpx.post(f"{url}/v1/guard/check", json={"text": "x"}).json()
            return str(verdict["policy_hash"])

        before = hash_now()
        policy.write_text(text.format("two"), encoding="utf-8")
        running.process.send_signal(signal.SIGHUP)

        wait_until(lambda: hash_now() != before)
