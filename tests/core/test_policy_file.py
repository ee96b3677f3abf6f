"""Policy files: what is accepted, and what is said about faults."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.core.errors import InputError, PolicyError
from trueline.core.policy import Policy
from trueline.core.policy_file import (
    TEMPLATES,
    load_policy,
    parse_policy,
    policy_from_template,
    template_text,
)
from trueline.core.taxonomy import taxonomy

SMALL = "name: small\ncategories:\n  violence: {action: block}\n"


def test_all_faults_of_a_file_come_at_once_with_line_field_and_accepted_values(
    tmp_path: Path,
) -> None:
    text = """name: x
max_violation_rate: 3
categories:
  violense:
    action: stop
    acton: block
name: y
lexicons:
  - {category: sexual, file: missing.txt}
"""

    with pytest.raises(PolicyError) as caught:
        parse_policy(text, source="policy.yaml", folder=tmp_path)

    message = str(caught.value)
    known = ", ".join(sorted(taxonomy()))
    assert message == (
        "policy.yaml is not a valid policy:\n"
        "  line 2, max_violation_rate: Input should be less than or equal to 1 (got 3)\n"
        "  line 4, categories.violense: is not known; did you mean 'violence'? "
        f"Accepted: {known}\n"
        "  line 5, categories.violense.action: Input should be 'allow', 'flag', 'redact', "
        "'rewrite' or 'block' (got 'stop')\n"
        "  line 6, categories.violense.acton: is not a field here; did you mean 'action'? "
        "Accepted: action, threshold, max_false_positive_rate, max_miss_rate, "
        "max_violation_rate, applies_to, on_error, safe_reply, labels (got 'block')\n"
        "  line 7, name: given twice (first in line 1)\n"
        "  line 9, lexicons[0].category: has no rule under categories (got 'sexual')\n"
        "  line 9, lexicons[0].file: cannot read missing.txt: No such file or directory"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [x\n", "not valid YAML"),
        ("- a\n", "a policy is a mapping of fields"),
        ("", "a policy is a mapping of fields"),
        ("name: x\x00\n", "line 1: not valid YAML"),
        ("name: x\n", "categories: is required and missing"),
        ("a: " + "[" * 3000, "not"),
        (SMALL + "regulations: [eu_ai_akt]\n", "did you mean 'eu_ai_act'?"),
        (SMALL + "topics:\n  a: {action: flag, zh: 甲, en: a, examples: [x, y]}\n", "3 items"),
        (SMALL + "topics:\n  b: !!python/name:os.system\n", "could not determine a constructor"),
    ],
)
def test_a_broken_file_is_one_clear_message(text: str, said: str) -> None:
    with pytest.raises(PolicyError, match="policy is not a valid policy") as caught:
        parse_policy(text)

    assert said in str(caught.value)


def test_an_alias_bomb_is_refused_before_it_expands() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for one, two in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{two}: &{two} [*{one}, *{one}, *{one}, *{one}, *{one}, *{one}, *{one}]")

    with pytest.raises(PolicyError, match="expands to more than"):
        parse_policy("\n".join(lines))


def test_a_missing_file_names_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="trueline init"):
        load_policy(tmp_path / "none.yaml")


def test_bytes_that_are_not_utf8_are_placed_by_line(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"name: x\ndescription: \xff\n")

    with pytest.raises(PolicyError, match="line 2: not valid UTF-8"):
        load_policy(path)


def test_a_text_from_nowhere_cannot_read_files() -> None:
    text = SMALL + "lexicons: [{category: violence, file: /etc/hostname}]\n"

    with pytest.raises(PolicyError, match=r"lexicons\[0\]\.file: a text without a folder"):
        parse_policy(text)


def test_words_of_a_lexicon_file_count_in_the_hash(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(SMALL + "lexicons: [{category: violence, file: words.txt}]\n", "utf-8")
    words = tmp_path / "words.txt"
    words.write_text("# ours\nalpha\n\nbeta\n", "utf-8")

    first = load_policy(path)
    words.write_text("alpha\n", "utf-8")

    assert first.lexicons[0].words == ("alpha", "beta")
    assert load_policy(path).hash != first.hash


def test_a_name_that_leads_nowhere_is_told_once_in_a_file_without_other_faults() -> None:
    text = SMALL + "lexicons: [{category: sexual, words: [a]}]\n"

    with pytest.raises(PolicyError) as caught:
        parse_policy(text, source="p.yaml")

    assert str(caught.value) == (
        "p.yaml is not a valid policy:\n"
        "  line 4, lexicons[0].category: has no rule under categories (got 'sexual')"
    )


def test_words_that_are_no_list_are_a_fault_even_beside_a_file(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("alpha\n", "utf-8")
    text = SMALL + "lexicons: [{category: violence, file: words.txt, words: 3}]\n"

    with pytest.raises(PolicyError) as caught:
        parse_policy(text, folder=tmp_path)

    assert caught.value.faults == (
        "line 4, lexicons[0].words: Input should be a valid tuple (got 3)",
    )


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_is_valid_and_names_itself(name: str) -> None:
    policy = policy_from_template(name)

    assert policy.name == name
    assert set(policy.categories) <= set(taxonomy())
    assert {"violence", "privacy", "prompt_injection"} <= set(policy.categories)


def test_comments_and_layout_do_not_change_the_hash() -> None:
    one = parse_policy(SMALL)
    two = parse_policy("# note\nname:   small\ncategories: {violence: {action: block}}")

    assert one.hash == two.hash


def test_any_changed_value_changes_the_hash() -> None:
    one = parse_policy(SMALL)

    assert parse_policy(SMALL + "max_violation_rate: 0.02\n").hash != one.hash
    assert parse_policy(SMALL.replace("block", "flag")).hash != one.hash


def test_a_policy_cannot_be_changed_after_loading() -> None:
    policy = parse_policy(SMALL)

    with pytest.raises(ValueError, match="frozen"):
        policy.name = "other"


def policy_or_error(text: str) -> Policy | PolicyError:
    try:
        return parse_policy(text)
    except PolicyError as error:
        return error


@given(text=st.text(max_size=400))
def test_arbitrary_text_is_a_policy_or_a_policy_error(text: str) -> None:
    assert isinstance(policy_or_error(text), Policy | PolicyError)


@given(data=st.data())
def test_a_template_with_one_broken_line_is_an_error_or_still_a_policy(data: st.DataObject) -> None:
    lines = template_text("customer-service").splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at] = data.draw(st.text(max_size=30))

    found = policy_or_error("\n".join(lines))

    assert isinstance(found, Policy) or all(found.faults)


def test_every_policy_field_has_a_description() -> None:
    schema = Policy.model_json_schema(by_alias=True)
    parts = [schema, *schema["$defs"].values()]

    nameless = [
        (part["title"], name)
        for part in parts
        for name, field in part["properties"].items()
        if "description" not in field
    ]
    assert nameless == []
