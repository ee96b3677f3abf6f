"""Constrained learning on a simulated task with a known truth: are certificates kept?

    python benchmarks/train_constraint.py --seeds 100

Each seed draws a world: 8 kinds of prompt, 12 replies to each, a reward for every pair and a
probability that the Judge calls it a violation. Replies that violate pay better, so that learning
without a limit ends in violations. The actor is a softmax over replies, so that its true violation
rate and the best feasible reward (a linear program) are known exactly. In a part of the worlds the
limit can hardly be kept, in another part not at all. Learning, dual and safety test are the
package's own (`trueline.train.dual`, `.replies`, `.safety_test`); the arms differ in them alone:

    bound           exact upper bound in the dual, exact held-out test
    normal          normal approximation in both
    mean            the mean in both
    unconstrained   no dual, exact held-out test
    careless        a dual that aims at 1.6 x the limit, exact held-out test: many actors violate,
                    so this arm tries the test itself

Every 25 steps 600 replies to dev prompts are looked at; the actor of the highest reward among those
whose bound (of the arm's own kind) is within the limit is the one that is tested, as in the loop.
Each arm certifies on 600 and on 60 held-out replies. Then the demo is timed: the command
`trueline train recipes/train/constraint_demo.yaml`. Results: results/train_constraint.json.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from machine import describe
from scipy.optimize import linprog

from trueline.stats.bounds import clopper_pearson_upper
from trueline.train.dual import Dual, DualOptions, Window
from trueline.train.replies import combined_advantage, policy_loss
from trueline.train.safety_test import certify_rates

HERE = Path(__file__).parent
ROOT = HERE.parent
PROMPTS, REPLIES, LIMIT, CONFIDENCE = 8, 12, 0.05, 0.95
STEPS, PROMPTS_A_STEP, SAMPLES, RATE = 600, 16, 8, 0.05
HELD_OUT = (600, 60)
LOOK_EVERY, LOOK_AT = 25, 600


@dataclass(frozen=True)
class World:
    """reward, cost: float64 [prompts, replies]; prompts are equally likely."""

    kind: str
    reward: np.ndarray
    cost: np.ndarray
    best: float | None

    @classmethod
    def draw(cls, seed: int) -> World:
        random = np.random.default_rng((2026, seed))
        kind = ("easy", "easy", "easy", "tight", "impossible")[seed % 5]
        low, high = {"easy": (0.0, 0.03), "tight": (0.03, 0.06), "impossible": (0.06, 0.15)}[kind]
        bad = random.random((PROMPTS, REPLIES)) < 0.5
        bad[:, 0] = False
        cost = np.where(
            bad, random.uniform(0.5, 1.0, bad.shape), random.uniform(low, high, bad.shape)
        )
        reward = random.uniform(0, 0.6, bad.shape) + 0.4 * bad
        return cls(kind, reward, cost, best_feasible(reward, cost))


def best_feasible(reward: np.ndarray, cost: np.ndarray) -> float | None:
    """The highest mean reward of any actor within the limit; None when there is none."""
    rows = np.kron(np.eye(PROMPTS), np.ones((1, REPLIES)))
    told = linprog(
        -reward.ravel() / PROMPTS, A_ub=cost.ravel()[None] / PROMPTS, b_ub=[LIMIT],
        A_eq=rows, b_eq=np.ones(PROMPTS), bounds=(0, 1), method="highs",
    )  # fmt: skip
    return float(-told.fun) if told.status == 0 else None


Upper = Callable[[list[float]], float]


def exact(costs: list[float]) -> float:
    return clopper_pearson_upper(int(sum(costs)), len(costs), CONFIDENCE) if costs else 1.0


def normal(costs: list[float]) -> float:
    n = len(costs)
    p = sum(costs) / n if n else 1.0
    return p + 1.645 * math.sqrt(p * (1 - p) / max(n, 1))


def mean(costs: list[float]) -> float:
    return sum(costs) / len(costs) if costs else 1.0


@dataclass(frozen=True)
class Arm:
    upper: Upper | None
    aim: float
    certifies: Upper


# DualOptions allows no aim above 1: a dual that aims at 1.6 x the limit is told a limit of 0.08.
ARMS = {
    "bound": Arm(exact, LIMIT, exact),
    "normal": Arm(normal, LIMIT, normal),
    "mean": Arm(mean, LIMIT, mean),
    "unconstrained": Arm(None, LIMIT, exact),
    "careless": Arm(mean, 1.6 * LIMIT, exact),
}


def learn(world: World, arm: Arm, seed: int) -> np.ndarray:
    """The actor after learning: probabilities [prompts, replies]."""
    random = torch.Generator().manual_seed(seed)
    reward = torch.tensor(world.reward, dtype=torch.float32)
    cost = torch.tensor(world.cost, dtype=torch.float32)
    actor = torch.zeros(PROMPTS, REPLIES, requires_grad=True)
    optimizer = torch.optim.Adam([actor], lr=RATE)
    best, kept = -math.inf, None
    options = DualOptions(window=512) if arm.upper is exact else DualOptions(window=512, aim=1.0)
    dual, window = Dual({"overall": arm.aim}, options), Window(options.window)
    for step in range(1, STEPS + 1):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - (step - 1) / STEPS)
        prompts = torch.randint(PROMPTS, (PROMPTS_A_STEP,), generator=random)
        odds = actor[prompts].softmax(-1)
        drawn = torch.multinomial(odds.detach(), SAMPLES, replacement=True, generator=random)
        seen = torch.bernoulli(cost[prompts].gather(1, drawn), generator=random)
        noise = 0.1 * torch.randn(drawn.shape, generator=random)
        rewards = reward[prompts].gather(1, drawn) + noise
        window.add(seen.flatten().tolist())
        prices = dual.multipliers
        advantage = combined_advantage(rewards, {"overall": seen}, prices)
        logs = odds.log().gather(1, drawn).reshape(-1, 1)
        loss = policy_loss(logs, torch.ones_like(logs), advantage)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if arm.upper is not None:
            dual.step({"overall": min(1.0, arm.upper(window.state()))})
        if step % LOOK_EVERY == 0:
            now = actor.detach().softmax(-1).double().numpy()
            costs, paid = sampled(world, now, (8, seed, step), LOOK_AT)
            within = arm.upper is None or arm.upper(costs) <= arm.aim
            if within and paid > best:
                best, kept = paid, now
    return actor.detach().softmax(-1).double().numpy() if kept is None else kept


def sampled(
    world: World, actor: np.ndarray, seeds: tuple[int, ...], n: int
) -> tuple[list[float], float]:
    """Costs of n replies to random prompts, and their mean reward."""
    random = np.random.default_rng(seeds)
    prompts = random.integers(0, PROMPTS, n)
    edges = np.cumsum(actor / actor.sum(1, keepdims=True), axis=1)[prompts]
    replies = (random.random((n, 1)) > edges[:, :-1]).sum(1)
    costs = (random.random(n) < world.cost[prompts, replies]).astype(float)
    return costs.tolist(), float(world.reward[prompts, replies].mean())


def run_arm(name: str, seeds: Sequence[int]) -> dict[str, Any]:
    arm = ARMS[name]
    rows: list[dict[str, Any]] = []
    for seed in seeds:
        began = time.perf_counter()
        world = World.draw(seed)
        actor = learn(world, arm, seed)
        rate = float((actor * world.cost).sum() / PROMPTS)
        reward = float((actor * world.reward).sum() / PROMPTS)
        row: dict[str, Any] = {
            "seed": seed, "kind": world.kind, "rate": rate, "reward": reward, "best": world.best
        }  # fmt: skip
        for n in HELD_OUT:
            costs, _ = sampled(world, actor, (7, seed, n), n)
            if arm.certifies is exact:
                test = certify_rates({"overall": costs}, {"overall": LIMIT}, CONFIDENCE)
                bound, certified = test.claims[0].bound, test.certified
            else:
                bound = arm.certifies(costs)
                certified = bound <= LIMIT
            row[f"bound_{n}"], row[f"certified_{n}"] = bound, certified
        row["seconds"] = time.perf_counter() - began
        rows.append(row)
    return {"summary": summary(rows), "rows": rows}


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "seeds": len(rows),
        "violating": sum(row["rate"] > LIMIT for row in rows),
        "seconds_a_seed": float(np.mean([row["seconds"] for row in rows])),
    }
    for n in HELD_OUT:
        certified = [row for row in rows if row[f"certified_{n}"]]
        told[f"held_out_{n}"] = {
            "certified": len(certified),
            "certified_by_kind": {
                kind: sum(row["kind"] == kind for row in certified)
                for kind in ("easy", "tight", "impossible")
            },
            "violating_and_certified": sum(row["rate"] > LIMIT for row in certified),
        }
    shares = [
        row["reward"] / row["best"]
        for row in rows
        if row["best"] is not None and row["kind"] == "easy" and row["rate"] <= LIMIT
    ]
    if shares:
        told["reward_of_best_feasible"] = {
            "worlds": len(shares), "mean": float(np.mean(shares)), "median": float(np.median(shares)),
            "lowest": float(min(shares)), "share_at_least_90": float(np.mean(np.array(shares) >= 0.9)),
        }  # fmt: skip
    return told


def demo(recipe: Path) -> dict[str, Any]:
    """Time the demo command, imports included."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "trueline", "train", str(recipe), "--out", folder]
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        test = Path(folder) / "safety_test.json"
        return {
            "command": f"trueline train {recipe.relative_to(ROOT)}",
            "exit_code": done.returncode,
            "seconds": time.perf_counter() - began,
            "cpu_seconds": after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime,
            "safety_test": json.loads(test.read_text("utf-8")) if test.is_file() else None,
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--arms", nargs="*", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--no-demo", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "train_constraint.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    told: dict[str, Any] = {
        "machine": describe(),
        "torch": torch.__version__,
        "task": {
            "prompts": PROMPTS, "replies": REPLIES, "limit": LIMIT, "confidence": CONFIDENCE,
            "steps": STEPS, "replies_a_step": PROMPTS_A_STEP * SAMPLES, "held_out": HELD_OUT,
        },
        "arms": {},
    }  # fmt: skip
    if options.out.is_file():  # arms that are not run again keep their results
        earlier = json.loads(options.out.read_text("utf-8"))
        told = {**earlier, **told, "arms": earlier["arms"]}
    for name in options.arms:
        told["arms"][name] = run_arm(name, range(options.seeds))
        print(name, json.dumps(told["arms"][name]["summary"]), flush=True)
    if not options.no_demo:
        told["demo"] = demo(ROOT / "recipes" / "train" / "constraint_demo.yaml")
        print("demo", json.dumps(told["demo"]), flush=True)
    options.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
