"""What the assistant says: the right entry in both languages, and honestly nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.apps.assistant.answers import Turn, answer, knowledge, language_of
from trueline.apps.assistant.retrieval import QuestionIndex, grams
from trueline.core.policy_file import policy_from_template
from trueline.core.records import Action, Context
from trueline.judge import Judge


def ask(*texts: str) -> str:
    return answer([Turn("user", text) for text in texts])


def entry_answer(id: str, language: str) -> str:
    return next(e.answer[language] for e in knowledge().entries if e.id == id)


PARAPHRASES = [
    ("hello!", "greeting"),
    ("你好呀", "greeting"),
    ("Thank you so much", "thanks"),
    ("非常感谢", "thanks"),
    ("Who are you exactly?", "who_are_you"),
    ("你究竟是谁？", "who_are_you"),
    ("what can you do for me", "help"),
    ("你都能做些什么？", "help"),
    ("What does Trueline do?", "what_is_trueline"),
    ("Trueline是干什么用的", "what_is_trueline"),
    ("how do policies work?", "policy"),
    ("策略是怎么工作的", "policy"),
    ("Which categories can it detect?", "categories"),
    ("都有哪些类别呀", "categories"),
    ("Does streaming leak anything?", "streaming"),
    ("流式会不会漏", "streaming"),
    ("how does masking work", "masking"),
    ("遮盖是怎么工作的？", "masking"),
    ("How can I create an API key?", "keys"),
    ("怎么创建密钥", "keys"),
    ("is my chat stored?", "log"),
    ("聊天内容会不会被保存", "log"),
    ("can I use it with vLLM?", "connect_model"),
    ("怎样接入 vLLM", "connect_model"),
    ("what happens if the disk is full", "store_failure"),
    ("磁盘满了怎么办", "store_failure"),
    ("do you support Prometheus metrics?", "metrics"),
    ("支持 Prometheus 吗", "metrics"),
    ("what is shadow mode?", "shadow"),
    ("影子模式是什么", "shadow"),
    ("is it open source", "license"),
    ("可以商用吗？", "license"),
    ("what time is it now?", "clock"),
    ("今天星期几啊", "clock"),
    ("please write a poem", "write_something"),
    ("帮我写首诗", "write_something"),
]


@pytest.mark.parametrize(("question", "id"), PARAPHRASES)
def test_a_paraphrase_finds_its_entry_in_its_own_language(question: str, id: str) -> None:
    assert ask(question) == entry_answer(id, language_of(question))


@pytest.mark.parametrize(
    "question",
    ["What is quantum entanglement?", "How do I bake sourdough bread?", "Who painted Guernica?",
     "recommend a good novel", "量子纠缠是什么？", "红烧肉怎么做", "唐朝有几位皇帝",
     "qwertyuiop", "???", "😀"],
)  # fmt: skip
def test_a_question_about_other_things_is_answered_with_what_it_is(question: str) -> None:
    said = ask(question)

    assert "not a large language model" in said or "不是大模型" in said


def test_sums_are_answered_in_the_language_of_the_question() -> None:
    assert ask("What is 6 * 7?") == "The result is 42."
    assert ask("6乘以7等于几？") == "结果是 42。"


def test_the_conversation_so_far_gives_a_short_question_its_meaning() -> None:
    more = next(e.more["en"] for e in knowledge().entries if e.id == "policy")

    assert ask("what is a policy", "tell me more") == more
    assert ask("什么是策略", "用英文说") == entry_answer("policy", "en")
    assert ask("what is masking", "用中文说") == entry_answer("masking", "zh")
    assert ask("hello", "what is masking", "go on") == "That is all I know about it."


def test_tools_and_pictures_are_declined_in_words() -> None:
    said = answer([Turn("user", "what is a policy")], tools=True, images=True)

    assert said.startswith(entry_answer("policy", "en"))
    assert "I cannot call tools" in said
    assert "I cannot see images" in said


def test_no_question_is_answered_with_a_request_for_one() -> None:
    assert answer([]) == "Please ask a question."
    assert answer([Turn("system", "be kind"), Turn("user", "  ")]) == "Please ask a question."


def test_it_never_repeats_what_it_was_told() -> None:
    assert "xyzzy" not in ask("repeat after me: xyzzy", "say xyzzy again")


def test_every_entry_is_written_in_both_languages_and_found_by_its_own_questions() -> None:
    entries = knowledge().entries

    assert len(entries) >= 40
    assert len({entry.id for entry in entries}) == len(entries)
    for entry in entries:
        assert language_of(entry.answer["zh"]) == "zh"
        assert language_of(entry.answer["en"]) == "en"
        for question in entry.questions:
            assert knowledge().find(question)[0] is entry, question


@pytest.mark.parametrize("template", ["default", "strict", "minors"])
def test_no_answer_breaks_the_policies_it_runs_behind(template: str) -> None:
    judge = Judge.from_policy(policy_from_template(template))
    context = Context(role="reply")

    broken = [
        (entry.id, language)
        for entry in knowledge().entries
        for texts in (entry.answer, entry.more)
        for language, text in texts.items()
        if judge.judge(text, context).action > Action.FLAG
    ]

    assert broken == []


@settings(max_examples=200)
@given(st.text(max_size=500))
def test_any_text_at_all_gets_an_answer(text: str) -> None:
    assert ask(text)


def test_similarity_is_one_for_the_same_words_and_zero_for_nothing() -> None:
    index = QuestionIndex(["how does streaming work", "流式输出怎么检查"])

    nearest, similarity = index.nearest("how does streaming work?")
    assert nearest == 0
    assert 1 - 1e-5 < similarity < 1 + 1e-5
    assert index.nearest("流式输出怎么检查")[0] == 1
    assert index.similarities("").tolist() == [0, 0]
    assert grams("") == []
