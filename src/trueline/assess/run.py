"""Assess a target: questions, replies, grades, evidence, and the safety case made of them.

from trueline.assess.run import assess

done = assess("http://127.0.0.1:8080/v1", out="cases/today",
              options=TargetOptions(model="my-model"))
print(done.violation_rate.upper)
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from trueline.assess.attacks.transform import named_attacks, with_attacks
from trueline.assess.claim import Claim
from trueline.assess.evidence import Evidence
from trueline.assess.grading.grade_reply import (
    Grader,
    JudgeGrader,
    ReferenceGrader,
    RefusalGrader,
    grade_replies,
    grade_reply,
)
from trueline.assess.plan_file import (
    check_same,
    first_begun,
    make_plan,
    read_plan,
    self_contained,
    write_plan,
    write_whole,
)
from trueline.assess.progress import Progress
from trueline.assess.questioning import put_questions
from trueline.assess.reply import Grade, Reply
from trueline.assess.reply_file import ReplyFile, read_replies
from trueline.assess.suite_choice import Choice, chosen_items
from trueline.assess.suite_evidence import suite_evidence
from trueline.assess.suite_file import read_suite
from trueline.assess.suite_item import SuiteItem
from trueline.assess.target import Target
from trueline.assess.targets.function import ReplyFunction
from trueline.assess.targets.guarded import GuardedTarget, Screen
from trueline.assess.targets.open_target import TargetOptions, open_target
from trueline.core.errors import InputError
from trueline.core.policy import Policy
from trueline.core.policy_file import load_policy, parse_policy, policy_from_template
from trueline.judge import Judge
from trueline.stats.gate import GateVerdict, decide

BARE = "without_guard"
#: What a `--fresh` start removes; people's labels and sign-offs stay.
_DERIVED = ("plan.json", "items.jsonl", "replies.jsonl", "grades.jsonl", "case.json")

Unscored = Literal["violation", "exclude"]


@dataclass(frozen=True, slots=True)
class JudgeModel:
    """A judge model that grades replies besides the Judge."""

    url: str
    model: str
    timeout_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How an assessment is run.

    Args:
        choice: which items, in which order.
        attacks: names, families or `all`; each makes new items of those to be refused.
        samples: replies to each item.
        unscored: whether an unscored reply counts as a violation or is left out of the bounds.
        until_decided: stop as soon as the gate says RELEASE or HOLD.
        judge_model: grades besides the Judge.
    """

    choice: Choice = field(default_factory=Choice)
    attacks: Sequence[str] = ()
    samples: int = 1
    unscored: Unscored = "violation"
    until_decided: bool = False
    judge_model: JudgeModel | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """A finished assessment."""

    folder: Path
    evidence: Evidence
    verdict: str = ""

    @property
    def claims(self) -> Mapping[str, Claim]:
        """The claims about replies, by id."""
        return {claim.id: claim for claim in self.evidence.claims}

    @property
    def violation_rate(self) -> Claim:
        """The claim about all replies."""
        return self.claims["violation_rate"]


def assess(
    target: str | Path | ReplyFunction | Target,
    policy: str | Path | Policy | None = None,
    out: str | Path = "case",
    *,
    plan: Plan | None = None,
    options: TargetOptions | None = None,
    screen: Screen | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
    command: Sequence[str] = (),
) -> Assessment:
    """Question a target and write the case; the same call goes on where it was broken off.

    Args:
        target: a URL, a model folder, `module:function`, a function, or a `Target`.
        policy: a file, a template's name, or a policy; `default` when not given.
        out: the case folder.
        plan: see `Plan`.
        options: how the target is asked.
        screen: a guard in front of the target; replies without it are kept and shown beside.
        fresh: remove replies that are there.
        progress: where to tell how far it is.
        command: the command that led here, kept for reproduction.

    Raises:
        InputError: something to mend in the suites, the target's name or the folder.
        UpstreamError: the target answers no more, or nothing at all; what came is kept.
    """
    plan, progress = plan or Plan(), progress or Progress()
    ruled = self_contained(policy_of(policy))
    case = Path(out)
    originals, sources = chosen_items(plan.choice, tuple(ruled.topics))
    attacks = named_attacks(plan.attacks)
    attacked = with_attacks(originals, attacks, plan.choice.seed)
    graders = make_graders(ruled, plan.judge_model)
    gate = _Gate(ruled, graders) if plan.until_decided else None
    opened = open_target(target, options or TargetOptions())
    _prepare(case, fresh=fresh)
    with _Files(case, bare=screen is not None) as files:
        asked = _asked(opened, screen, files.bare)
        content = make_plan(
            asked, ruled, [*originals, *attacked], sources,
            seed=plan.choice.seed,
            options={
                "samples": plan.samples,
                "choice": _plain(asdict(plan.choice)),
                "attacks": list(attacks),
                "unscored": plan.unscored,
                "until_decided": plan.until_decided,
                "judge_model": asdict(plan.judge_model) if plan.judge_model else None,
            },
        )  # fmt: skip
        content["command"] = list(command)
        check_same(case, content)
        content["begun"] = first_begun(case, replied=len(files.replies) > 0)
        write_plan(case, content)
        write_items(case, [*originals, *attacked])
        settings: dict[str, Any] = {
            "samples": plan.samples, "seed": plan.choice.seed, "progress": progress,
        }  # fmt: skip
        try:
            head = put_questions(originals, asked, files.replies, enough=gate, **settings)
            if attacked:
                put = {item.id for item in originals[:head]}
                left = [item for item in attacked if item.origin in put]
                put_questions(left, asked, files.replies, **settings)
        finally:
            asked.close()
        write_items(case, _answered([*originals, *attacked], files.replies, plan.samples))
    progress.say("grading")
    return grade_case(case, ruled, graders, unscored=plan.unscored)


def grade_case(
    case: Path,
    policy: Policy,
    graders: Sequence[Grader],
    *,
    unscored: Unscored = "violation",
) -> Assessment:
    """Grade the replies of a case folder, make the evidence, and build the case."""
    items = read_suite(case / "items.jsonl", tuple(policy.topics))
    grades = list(grade_replies(items, read_replies(case / "replies.jsonl"), graders))
    write_grades(case / "grades.jsonl", grades)
    bare: list[Grade] | None = None
    if (case / BARE / "replies.jsonl").exists():
        bare = list(grade_replies(items, read_replies(case / BARE / "replies.jsonl"), graders))
        write_grades(case / BARE / "grades.jsonl", bare)
    return make_case(case, policy, unscored=unscored)


def remake_case(case: Path) -> Assessment:
    """Evidence and case anew, from the folder alone; after people labelled replies.

    Raises:
        InputError: the folder holds no assessment, or a file of it was changed.
    """
    plan = read_plan(case)
    policy = parse_policy(plan["policy"]["yaml"], source=f"{case}/plan.json")
    return make_case(case, policy, unscored=plan["options"].get("unscored", "violation"))


def make_case(case: Path, policy: Policy, *, unscored: Unscored = "violation") -> Assessment:
    """The evidence and the case from what the folder holds; needed again after a review."""
    evidence = suite_evidence(case, policy, unscored=unscored)
    evidence.write(case)
    return Assessment(case, evidence, _build(case))


def make_graders(policy: Policy, judge_model: JudgeModel | None = None) -> list[Grader]:
    """The graders of an assessment, references first."""
    graders: list[Grader] = [
        ReferenceGrader(),
        JudgeGrader(Judge.from_policy(policy)),
        RefusalGrader(),
    ]
    if judge_model is not None:
        from trueline.assess.grading.judge_model import JudgeModelGrader

        graders.append(
            JudgeModelGrader(
                judge_model.url, judge_model.model, policy,
                timeout_seconds=judge_model.timeout_seconds,
            )
        )  # fmt: skip
    return graders


def policy_of(policy: str | Path | Policy | None) -> Policy:
    """The policy a caller means: itself, a template's name, a file, or `default`."""
    if isinstance(policy, Policy):
        return policy
    if policy is None:
        return policy_from_template("default")
    if Path(policy).exists():
        return load_policy(policy)
    return policy_from_template(str(policy))


def write_items(case: Path, items: Iterable[SuiteItem]) -> None:
    """Write `items.jsonl`, one item a line, in the order drawn."""
    _write_lines(case / "items.jsonl", (item.as_json() for item in items))


def write_grades(path: Path, grades: Iterable[Grade]) -> None:
    """Write a file of grades, whole or not at all."""
    _write_lines(path, (grade.as_json() for grade in grades))


class _Gate:
    """Looks after every original reply, in the order drawn."""

    def __init__(self, policy: Policy, graders: Sequence[Grader]) -> None:
        self._graders = graders
        self._limit, self._confidence = policy.max_violation_rate, policy.confidence
        if not 0 < self._limit < 1:
            raise InputError(
                f"--until-decided needs a limit between 0 and 1; the policy's max_violation_rate "
                f"is {self._limit:g}"
            )
        self._n = self._violations = 0

    def __call__(self, item: SuiteItem, replies: Sequence[Reply]) -> bool:
        grades = [grade_reply(item, reply, self._graders) for reply in replies]
        self._n += 1
        self._violations += any(grade.violation is not False for grade in grades)
        decision = decide(self._violations, self._n, self._limit, self._confidence)
        return decision.verdict is not GateVerdict.NOT_ENOUGH_EVIDENCE


class _Files:
    """The reply files of a case, held by this process while it asks."""

    def __init__(self, case: Path, *, bare: bool) -> None:
        self._case, self._wants_bare = case, bare
        self.bare: ReplyFile | None = None

    def __enter__(self) -> _Files:
        self.replies = ReplyFile(self._case / "replies.jsonl")
        if self._wants_bare:
            self.bare = ReplyFile(self._case / BARE / "replies.jsonl")
        return self

    def __exit__(self, *_: object) -> None:
        self.replies.close()
        if self.bare is not None:
            self.bare.close()


def _asked(target: Target, screen: Screen | None, bare: ReplyFile | None) -> Target:
    """The target, behind the screen when there is one."""
    if screen is None or bare is None:
        return target
    return GuardedTarget(target, screen, bare)


def _prepare(case: Path, *, fresh: bool) -> None:
    try:
        case.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {case}: {error.strerror or error}") from None
    if not fresh:
        return
    for name in _DERIVED:
        (case / name).unlink(missing_ok=True)
    shutil.rmtree(case / BARE, ignore_errors=True)


def _answered(items: Sequence[SuiteItem], replies: ReplyFile, samples: int) -> list[SuiteItem]:
    return [
        item for item in items if all((item.id, sample) in replies for sample in range(samples))
    ]


def _build(case: Path) -> str:
    """Build the case and give its verdict."""
    from trueline.assess.case.build import build_case

    return str(build_case(case).verdict)


def _write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    write_whole(path, "".join(lines))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: sorted(value) if isinstance(value, set | frozenset) else
        list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
    }  # fmt: skip
