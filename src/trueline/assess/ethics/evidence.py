"""The evidence of an ethics review: every question, who stands where, and who signed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from trueline.assess.claim import Claim, make_claim
from trueline.assess.ethics.claims_digest import OWN
from trueline.assess.ethics.decisions import FILE
from trueline.assess.ethics.listing import QuestionState, counts, question_states
from trueline.assess.ethics.sign_off import SignOffState, sign_off_state
from trueline.assess.ethics.words import both
from trueline.assess.evidence import Evidence, Table, file_sha256
from trueline.core.policy import Bilingual, Policy


def write_ethics_evidence(case: Path, policy: Policy) -> Path:
    """Write `CASE/evidence/ethics.json`."""
    return ethics_evidence(case, policy).write(case)


def ethics_evidence(case: Path, policy: Policy) -> Evidence:
    """What the review says now; it can be made again after every decision."""
    states, sign_off = question_states(case, policy), sign_off_state(case, policy)
    return Evidence(
        name=OWN,
        title=Bilingual(zh="伦理审查", en="Ethics review"),
        claims=[_answered(states, policy)],
        tables=[_questions(states), _signatures(sign_off)],
        notes=list(_notes(states, sign_off)),
        inputs={FILE: file_sha256(case / FILE)} if (case / FILE).exists() else {},
        settings={"policy": policy.hash, "questions": len(states)},
    )


def _answered(states: list[QuestionState], policy: Policy) -> Claim:
    """A census of the checklist: its share needs no sample, so it has no limit."""
    accepted = counts(states)["accepted"]
    return make_claim(
        "ethics.accepted",
        "rate_interval",
        {"found": accepted, "n": len(states)},
        statement=Bilingual(zh="审查人接受的问题", en="questions that reviewers accepted"),
        confidence=policy.confidence,
        population="all questions of the checklist",
        required=False,
    )


def _questions(states: list[QuestionState]) -> Table:
    return Table(
        Bilingual(zh="检查清单", en="Checklist"),
        [
            Bilingual(zh="编号", en="id"), Bilingual(zh="问题", en="question"),
            Bilingual(zh="状态", en="state"), Bilingual(zh="审查人", en="reviewers"),
            Bilingual(zh="条款核对情况", en="how the clause was checked"),
        ],
        [
            [
                state.question.id,
                f"{state.question.zh} · {state.question.en}",
                both(f"state.{state.standing}"),
                ", ".join(dict.fromkeys(
                    f"{entry.reviewer} {entry.date}" for entry in state.entries
                    if entry.decision not in ("assign", "comment")
                )),
                ", ".join(dict.fromkeys(
                    both(f"status.{reference.status}") for reference in state.question.references
                )),
            ]
            for state in states
        ],
    )  # fmt: skip


def _signatures(state: SignOffState) -> Table:
    roles = dict.fromkeys((*state.required, *state.signed_by, *state.outdated))
    rows = []
    for role in roles:
        entry = state.signed_by.get(role, {})
        required = "必需 · required" if role in state.required else "自愿 · voluntary"
        rows.append([role, required, entry.get("reviewer", ""), entry.get("date", "")])
    return Table(
        Bilingual(zh="签字", en="Signatures"),
        [
            Bilingual(zh="角色", en="role"), Bilingual(zh="要求", en="asked for"),
            Bilingual(zh="签字人", en="signed by"), Bilingual(zh="日期", en="date"),
        ],
        rows,
    )  # fmt: skip


def _notes(states: list[QuestionState], sign_off: SignOffState) -> Iterator[Bilingual]:
    found = counts(states)
    if found["open"]:
        yield Bilingual(
            zh=f"{found['open']} 个问题还没有人回答。",
            en=f"{found['open']} questions have no answer yet.",
        )
    for role in sign_off.outdated:
        yield Bilingual(
            zh=f"“{role}”签字之后策略或数字有变动，须重新签字。",
            en=f"The policy or the numbers changed after {role} signed; the signature no longer "
            "counts.",
        )
    signers = [entry["reviewer"] for entry in sign_off.signed_by.values()]
    if len(set(signers)) < len(signers):
        yield Bilingual(
            zh="有人以多个角色签字。",
            en="One person signed in more than one role.",
        )
    if any(state.question.references for state in states):
        yield Bilingual(
            zh="条款与来源的对应是工程判断，不是法律意见。",
            en="How questions map to clauses is our engineering judgement, not legal advice.",
        )
