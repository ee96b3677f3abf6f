"""What a gateway costs in front of the same instant upstream: Trueline beside its peers.

    python benchmarks/gateway.py
    BENCH_ENVS=/envs python benchmarks/gateway.py            # NeMo Guardrails and LiteLLM too
    python benchmarks/gateway.py --rounds 1 --requests 300   # a quick look

All gateways run at the same time, one worker each, and are loaded in turn, round after
round, so that a row's numbers come from the same minutes as its neighbours'; a number is the
median of the rounds. Trueline checks prompt and reply with its default policy and answers
only when the exchange is durable in SQLite. CPU is that of the gateway's processes.
`BENCH_ENVS` is a folder with the environments `nemo` (nemoguardrails[server]) and `litellm`
(litellm[proxy]).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import machine

HERE = Path(__file__).parent
CHAT = "/v1/chat/completions"
KEY = "sk-bench-7c1f0a93e2d84b56af10b2c3d4e5f607"
START_SECONDS = 120
# (clients, stream); the first two fields name the column.
LOADS = ((1, False), (16, False), (64, False), (1, True), (16, True))
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Row:
    """One gateway: how to start it, and what was measured."""

    name: str
    command: list[str]
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    rounds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{CHAT}"


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def rows(folder: Path, echo_port: int) -> list[Row]:
    """Every gateway that can be started here; says which cannot."""
    found = [Row("direct", [], echo_port)]
    port = free_port()
    found.append(
        Row(
            "Trueline, default policy, durable log",
            [sys.executable, "-c", "from trueline.cli.main import main; main()", "up",
             "--port", str(port), "--upstream", f"http://127.0.0.1:{echo_port}/v1",
             "--policy", "default", "--db", f"sqlite:///{folder / 'bench.db'}"],
            port,
        )
    )  # fmt: skip
    envs = os.environ.get("BENCH_ENVS")
    if not envs:
        print("peers left out: BENCH_ENVS names no environments", file=sys.stderr)
        return found
    for name, maker in (("nemo", nemo_row), ("litellm", litellm_row)):
        if (Path(envs) / name / "bin").is_dir():
            found.append(maker(folder, Path(envs) / name / "bin", echo_port))
        else:
            print(f"{name} left out: {envs} has no environment of that name", file=sys.stderr)
    return found


def nemo_row(folder: Path, bin: Path, echo_port: int) -> Row:
    """NeMo Guardrails' server with its new engine."""
    port = free_port()
    write_config("nemo_regex.yml", folder / "nemo" / "regex" / "config.yml", echo_port)
    return Row(
        "NeMo Guardrails, new engine, regex rails",
        [str(bin / "nemoguardrails"), "server", "--config", str(folder / "nemo"),
         "--default-config-id", "regex", "--port", str(port), "--disable-chat-ui"],
        port,
        {"NEMO_GUARDRAILS_IORAILS_ENGINE": "1", "OPENAI_API_KEY": "x"},
    )  # fmt: skip


def litellm_row(folder: Path, bin: Path, echo_port: int) -> Row:
    """LiteLLM's proxy with its content filter."""
    port = free_port()
    write_config("litellm_filter.yml", folder / "litellm.yml", echo_port)
    return Row(
        "LiteLLM proxy, content filter",
        [str(bin / "litellm"), "--config", str(folder / "litellm.yml"), "--port", str(port),
         "--host", "127.0.0.1", "--num_workers", "1"],
        port,
        {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_DOCS": "True"},
    )  # fmt: skip


def write_config(name: str, target: Path, echo_port: int) -> None:
    """A peer's configuration with the upstream's port filled in."""
    target.parent.mkdir(parents=True, exist_ok=True)
    text = (HERE / "peers" / name).read_text(encoding="utf-8")
    target.write_text(text.replace("{port}", str(echo_port)), encoding="utf-8")


def start(row: Row, folder: Path) -> bool:
    """Start a gateway and wait until it answers."""
    if not row.command:
        return True
    log = (folder / f"{row.port}.log").open("wb")
    path = f"{Path(row.command[0]).parent}:{os.environ['PATH']}"
    began = time.perf_counter()
    row.process = subprocess.Popen(
        row.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder,
        start_new_session=True, env={**os.environ, **row.environment, "PATH": path},
    )  # fmt: skip
    log.close()
    while time.perf_counter() - began < START_SECONDS and row.process.poll() is None:
        if ask(row.url) == 200:
            row.facts["cold_start_s"] = round(time.perf_counter() - began, 2)
            return True
        time.sleep(0.1)
    print(f"{row.name}: did not start:", file=sys.stderr)
    print((folder / f"{row.port}.log").read_text(errors="replace")[-2000:], file=sys.stderr)
    return False


def ask(url: str) -> int:
    """Status of one small request; 0 while nobody answers."""
    body = json.dumps({"model": "echo", "messages": [{"role": "user", "content": "hello"}]})
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
    request = urllib.request.Request(url, body.encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return int(error.code)
    except OSError:
        return 0


def family(pid: int) -> list[int]:
    """A process and all below it."""
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        try:
            children = Path(f"/proc/{current}/task/{current}/children").read_text("ascii")
        except OSError:
            continue
        found.append(current)
        waiting += [int(child) for child in children.split()]
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and all below it."""
    total = 0
    for member in family(pid):
        fields = Path(f"/proc/{member}/stat").read_text("utf-8").rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory_mb(pid: int) -> float:
    """Resident memory of a process and all below it."""
    pages = sum(int(Path(f"/proc/{m}/statm").read_text("ascii").split()[1]) for m in family(pid))
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def run_load(row: Row, clients: int, stream: bool, requests: int, offset: int) -> dict[str, Any]:
    """One load on one gateway, in a process of its own."""
    command = [sys.executable, str(HERE / "load_client.py"), row.url, "-c", str(clients),
               "-n", str(requests), "--key", KEY, "--offset", str(offset)]  # fmt: skip
    before = cpu_seconds(row.process.pid) if row.process else 0.0
    done = subprocess.run(
        [*command, *(["--stream"] if stream else [])], capture_output=True, text=True, check=True
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if row.process:
        spent = cpu_seconds(row.process.pid) - before
        result["gateway_cpu_ms"] = round(spent * 1000 / max(1, result["requests"]), 3)
    return result


def measure(all_rows: list[Row], rounds: int, requests: int) -> None:
    """Load the gateways in turn."""
    offset = 0
    for row in all_rows:  # warm up
        run_load(row, 8, False, 100, offset)
        run_load(row, 2, True, 20, offset + 100)
    for _ in range(rounds):
        for clients, stream in LOADS:
            offset += requests
            for row in all_rows:
                count = requests if clients > 1 else requests // 2
                result = run_load(row, clients, stream, count, offset)
                row.rounds.setdefault(column(clients, stream), []).append(result)
                print(f"{row.name}, {column(clients, stream)}: {result}", file=sys.stderr)
    for row in all_rows:
        if row.process:
            row.facts["memory_mb"] = memory_mb(row.process.pid)


def column(clients: int, stream: bool) -> str:
    """Name of a load: `16`, or `16 streamed`."""
    return f"{clients} streamed" if stream else str(clients)


def median(row: Row, load: str, field: str) -> float | None:
    """Median of a field over the rounds."""
    values = [r[field] for r in row.rounds[load] if r.get(field) is not None]
    return round(statistics.median(values), 2) if values else None


def table(all_rows: list[Row]) -> str:
    """The results in Markdown; added times are over the direct row."""
    direct = all_rows[0]
    head = [
        "gateway", "CPU ms per request 1 / 16 / 64 clients", "requests/s 1 / 16 / 64",
        "added p50 ms 1 / 16 / 64", "added p99 ms 1 / 16 / 64",
        "streamed: CPU ms 1 / 16", "streamed: added first data p50 ms 1 / 16",
        "start s", "memory MB",
    ]  # fmt: skip
    lines = [f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
    plain, streamed = ("1", "16", "64"), ("1 streamed", "16 streamed")

    def cells(row: Row, loads: tuple[str, ...], field: str, *, added: bool = False) -> str:
        out = []
        for load in loads:
            value = median(row, load, field)
            base = median(direct, load, field) if added else 0.0
            out.append("-" if value is None else f"{value - (base or 0.0):.2f}")
        return " / ".join(out)

    for row in all_rows:
        is_direct = row is direct
        cpu = "-" if is_direct else cells(row, plain, "gateway_cpu_ms")
        lines.append(
            f"| {row.name} | {cpu} | {cells(row, plain, 'per_second')} "
            f"| {cells(row, plain, 'p50_ms', added=not is_direct)} "
            f"| {cells(row, plain, 'p99_ms', added=not is_direct)} "
            f"| {'-' if is_direct else cells(row, streamed, 'gateway_cpu_ms')} "
            f"| {cells(row, streamed, 'first_data_p50_ms', added=not is_direct)} "
            f"| {row.facts.get('cold_start_s', '-')} | {row.facts.get('memory_mb', '-')} |"
        )
    return "\n".join(lines)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process group that this script started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def main() -> int:
    """Run the benchmark; gives 1 when a gateway did not start or lost requests."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=1000, help="per load and round")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "gateway.json")
    given = parser.parse_args()
    processes: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory() as name:
        folder, echo_port = Path(name), free_port()
        echo = subprocess.Popen(
            [sys.executable, str(HERE / "echo_upstream.py"), str(echo_port)],
            start_new_session=True,
        )
        processes.append(echo)
        try:
            while ask(f"http://127.0.0.1:{echo_port}{CHAT}") != 200:
                time.sleep(0.1)
            wanted = rows(folder, echo_port)
            running = [row for row in wanted if start(row, folder)]
            processes += [row.process for row in wanted if row.process]
            before = machine.describe()
            measure(running, given.rounds, given.requests)
        finally:
            for process in reversed(processes):
                stop(process)
    results = {
        "machine": before,
        "rounds": given.rounds,
        "requests": given.requests,
        "rows": {row.name: {**row.facts, "loads": row.rounds} for row in running},
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
    text = table(running)
    given.out.with_suffix(".md").write_text(text + "\n", "utf-8")
    print(text)
    lost = [r for row in running for rs in row.rounds.values() for r in rs
            if set(r["statuses"]) != {"200"}]  # fmt: skip
    return 1 if lost or len(running) < len(wanted) else 0


if __name__ == "__main__":
    sys.exit(main())
