"""The checklist covers every category and clause, and a signature counts only while it should."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from trueline.assess.claim import make_claim
from trueline.assess.ethics.checklist import (
    checklist,
    clause_references,
    find_question,
)
from trueline.assess.ethics.claims_digest import claims_digest
from trueline.assess.ethics.decisions import (
    FILE,
    Decision,
    EthicsEntry,
    add_entries,
    read_entries,
)
from trueline.assess.ethics.evidence import write_ethics_evidence
from trueline.assess.ethics.sign_off import sign, sign_off_state
from trueline.assess.evidence import Evidence, read_evidence
from trueline.core.errors import InputError
from trueline.core.policy import Bilingual, Policy
from trueline.core.policy_file import TEMPLATES, parse_policy, policy_from_template
from trueline.core.regulations import regulation_ids

SMALL = """\
name: shop
regulations: [cn_labelling_2025]
categories: {privacy: {action: redact}, violence: {action: block}}
review: {required_sign_offs: [compliance, 法务]}
"""
TIME = "2026-11-22T09:00:00Z"


@pytest.fixture
def policy() -> Policy:
    return parse_policy(SMALL)


def decide(
    case: Path, decision: Decision, *items: str, who: str = "mei", role: str = "compliance",
    comment: str = "because",
) -> None:  # fmt: skip
    add_entries(case, [
        EthicsEntry(item=item, decision=decision, reviewer=who, role=role, comment=comment)
        for item in items
    ], time=TIME)  # fmt: skip


def accept_all(case: Path, policy: Policy, who: str = "mei") -> None:
    decide(case, "accept", *(question.id for question in checklist(policy)), who=who)


def measure(case: Path, found: int) -> None:
    claim = make_claim("violation_rate", "rate_upper", {"found": found, "n": 300}, limit=0.01,
                       statement=Bilingual(zh="违规率", en="violation rate"))  # fmt: skip
    Evidence(name="suites", title=Bilingual(zh="测试", en="Suites"), claims=[claim]).write(case)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_category_and_every_clause_of_a_template_has_a_question(name: str) -> None:
    policy = policy_from_template(name)

    questions = checklist(policy)

    ids = [question.id for question in questions]
    assert len(ids) == len(set(ids))
    assert {f"category.{one}" for one in (*policy.categories, *policy.topics)} <= set(ids)
    for regulation in policy.regulations:
        assert {f"{regulation}.{one.clause}" for one in clause_references(regulation)} <= set(ids)


@pytest.mark.parametrize("regulation", regulation_ids())
def test_every_clause_names_its_status_and_is_asked_in_both_languages(regulation: str) -> None:
    text = f"name: x\nregulations: [{regulation}]\ncategories: {{privacy: {{action: flag}}}}\n"

    questions = [one for one in checklist(parse_policy(text)) if one.kind == "clause"]

    assert len(questions) >= 3
    for question in questions:
        (reference,) = question.references
        assert reference.status in (
            "seen_in_source", "seen_in_secondary_source_only", "memory_unverified",
        )  # fmt: skip
        assert bool(reference.sources) == (reference.status != "memory_unverified")
        assert re.search("[\u4e00-\u9fff]", question.zh)
        assert question.zh.endswith(("？", "。"))
        assert not re.search("[\u4e00-\u9fff]", question.en)
        assert question.en.endswith(("?", "."))


def test_a_question_on_a_number_names_the_number_that_the_file_has() -> None:
    policy = policy_from_template("cn-genai")
    numbers = {"N1": "5", "N2": "10,000", "N6": "2,000", "N13": "4,000", "N17": "95"}

    for clause, number in numbers.items():
        question = find_question(policy, f"cn_gbt_45654_2025.{clause}")

        assert number in question.en
        assert number.replace(",", "") in question.zh.replace("1 万", "10000")


def test_categories_name_the_clauses_of_the_regulations_claimed_and_of_no_other() -> None:
    question = find_question(policy_from_template("cn-genai"), "category.privacy")

    assert {one.regulation for one in question.references} == {"cn_gbt_45654_2025"}
    assert {one.clause for one in question.references} == {"A.4.e", "A.4.f"}


def test_a_topic_of_the_policys_own_is_asked_about_by_its_name() -> None:
    text = SMALL + "topics: {rival: {action: flag, zh: 竞品, en: rivals, examples: [a, b, c]}}\n"

    question = find_question(parse_policy(text), "category.rival")

    assert "“竞品”" in question.ask("zh")
    assert "“rivals”" in question.ask("en")


def test_an_unknown_question_names_the_nearest(policy: Policy) -> None:
    with pytest.raises(InputError) as told:
        find_question(policy, "category.privcy")

    assert str(told.value) == (
        "no question is called 'category.privcy'; did you mean 'category.privacy'? "
        "`trueline assess ethics CASE list` shows all of them"
    )


def test_without_required_roles_nothing_is_missing(tmp_path: Path) -> None:
    policy = policy_from_template("default")

    state = sign_off_state(tmp_path, policy)

    assert (state.required, state.missing, state.objections) == ((), (), ())
    assert state.complete
    assert len(state.open) == len(checklist(policy))


def test_a_required_role_is_missing_until_it_signs(tmp_path: Path, policy: Policy) -> None:
    accept_all(tmp_path, policy)

    sign(tmp_path, policy, reviewer="mei", role="compliance", time=TIME)
    half = sign_off_state(tmp_path, policy)
    sign(tmp_path, policy, reviewer="wei", role="法务", time=TIME)
    whole = sign_off_state(tmp_path, policy)

    assert (half.required, half.missing) == (("compliance", "法务"), ("法务",))
    assert half.signed_by["compliance"]["reviewer"] == "mei"
    assert half.signed_by["compliance"]["date"] == "2026-11-22"
    assert whole.missing == ()
    assert whole.complete
    assert [entry["decision"] for entry in whole.entries][-2:] == ["sign_off", "sign_off"]


def test_nobody_signs_over_open_questions(tmp_path: Path, policy: Policy) -> None:
    decide(tmp_path, "accept", "case")

    with pytest.raises(InputError) as told:
        sign(tmp_path, policy, reviewer="mei", role="compliance")

    assert str(told.value) == (
        f"{tmp_path}: 10 questions are not answered (category.privacy, category.violence, "
        "cn_labelling_2025.1, cn_labelling_2025.2, cn_labelling_2025.3, …); answer them: "
        "trueline assess ethics CASE accept ID..."
    )


def test_an_objection_stands_until_the_same_person_decides_otherwise(
    tmp_path: Path, policy: Policy
) -> None:
    accept_all(tmp_path, policy)
    decide(tmp_path, "object", "category.privacy", who="wei")

    with pytest.raises(InputError, match=r"1 question is under objection \(category.privacy\)"):
        sign(tmp_path, policy, reviewer="mei", role="compliance")
    decide(tmp_path, "accept", "category.privacy", who="mei")
    still = sign_off_state(tmp_path, policy)
    decide(tmp_path, "accept", "category.privacy", who="wei")

    assert still.objections == ("category.privacy",)
    assert not still.complete
    assert sign_off_state(tmp_path, policy).objections == ()


def test_a_call_for_work_after_the_signature_makes_it_missing_again(
    tmp_path: Path, policy: Policy
) -> None:
    accept_all(tmp_path, policy)
    for role in policy.review.required_sign_offs:
        sign(tmp_path, policy, reviewer="mei", role=role)

    decide(tmp_path, "needs_work", "category.violence", who="wei")

    state = sign_off_state(tmp_path, policy)
    assert state.needs_work == ("category.violence",)
    assert state.missing == ("compliance", "法务")


def test_a_signature_is_under_the_numbers_and_the_policy_as_they_were(
    tmp_path: Path, policy: Policy
) -> None:
    measure(tmp_path, 0)
    accept_all(tmp_path, policy)
    for role in policy.review.required_sign_offs:
        sign(tmp_path, policy, reviewer="mei", role=role)
    write_ethics_evidence(tmp_path, policy)
    signed = sign_off_state(tmp_path, policy)

    measure(tmp_path, 0)
    same = sign_off_state(tmp_path, policy)
    measure(tmp_path, 3)
    other_numbers = sign_off_state(tmp_path, policy)
    other_policy = sign_off_state(tmp_path, parse_policy(SMALL + "max_violation_rate: 0.02\n"))

    assert signed.missing == same.missing == ()
    assert other_numbers.missing == other_numbers.outdated == ("compliance", "法务")
    assert other_policy.outdated == ("compliance", "法务")


@pytest.mark.parametrize("part", ["target", "target_settings", "items_sha256"])
def test_a_signature_does_not_carry_over_to_another_target_or_other_items(
    tmp_path: Path, part: str
) -> None:
    plan = {"target": "a", "target_settings": {"model": "a"}, "items_sha256": "a", "options": {}}
    (tmp_path / "plan.json").write_text(json.dumps(plan), "utf-8")
    before = claims_digest(tmp_path)

    (tmp_path / "plan.json").write_text(json.dumps(plan | {"options": {"seed": 1}}), "utf-8")
    same = claims_digest(tmp_path)
    (tmp_path / "plan.json").write_text(json.dumps(plan | {part: "b"}), "utf-8")

    assert same == before
    assert claims_digest(tmp_path) != before


def test_a_changed_line_is_told(tmp_path: Path, policy: Policy) -> None:
    decide(tmp_path, "object", "category.privacy")
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes().replace(b'"object"', b'"accept"'))

    with pytest.raises(InputError, match="was tampered with:\n  line 1: was changed"):
        sign_off_state(tmp_path, policy)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (EthicsEntry(item="case", decision="object", reviewer="m", role="r"),
         "case: say why with --comment TEXT"),
        (EthicsEntry(item="case", decision="accept", reviewer="", role="r"),
         "--as needs 1 to 100 printable characters (got '')"),
        (EthicsEntry(item="case", decision="accept", reviewer="m", role="a\nb"),
         "--role needs 1 to 100 printable characters (got 'a\\nb')"),
        (EthicsEntry(item="case", decision="assign", reviewer="m", role="r"),
         "--to needs 1 to 100 printable characters (got '')"),
        (EthicsEntry(item="case", decision="comment", reviewer="m", role="r", comment="x" * 10_001),
         "--comment has 10001 characters; at most 10000 are kept"),
    ],
)  # fmt: skip
def test_an_entry_that_cannot_stand_is_refused(
    tmp_path: Path, entry: EthicsEntry, message: str
) -> None:
    with pytest.raises(InputError) as told:
        add_entries(tmp_path, [entry])

    assert str(told.value) == message
    assert read_entries(tmp_path) == []


def test_the_evidence_lists_questions_signatures_and_what_is_open(
    tmp_path: Path, policy: Policy
) -> None:
    accept_all(tmp_path, policy)
    decide(tmp_path, "object", "cn_labelling_2025.2", who="wei")

    evidence = read_evidence(write_ethics_evidence(tmp_path, policy))

    questions, signatures = evidence.tables
    states = {row[0]: row[2] for row in questions.rows}
    assert states["cn_labelling_2025.2"] == "反对 · objection"
    assert states["case"] == "接受 · accepted"
    assert [row[:2] for row in signatures.rows] == [
        ["compliance", "必需 · required"], ["法务", "必需 · required"],
    ]  # fmt: skip
    (claim,) = evidence.claims
    assert (claim.inputs, claim.required) == ({"found": 10, "n": 11}, False)
    assert json.dumps(evidence.as_json())
