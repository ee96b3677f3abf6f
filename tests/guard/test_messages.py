from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.core.errors import InputError
from trueline.guard.messages import chat_texts, with_texts

REQUEST: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "be kind"},
        {"role": "developer", "content": [{"type": "text", "text": "be brief"}]},
        {
            "role": "user",
            "name": "Ann",
            "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
                {"type": "file", "file": {"file_id": "f"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "1",
                    "type": "function",
                    "function": {"name": "f", "arguments": '{"q":"\\u0041"}'},
                },
                {"id": "2", "type": "custom", "custom": {"name": "g", "input": "free"}},
            ],
        },
        {"role": "tool", "tool_call_id": "1", "content": "result"},
        {"role": "assistant", "content": "done", "reasoning_content": "hm", "refusal": None},
        {"role": "user", "content": "thanks"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": "finds",
                "parameters": {"type": "object", "properties": {"q": {"description": "query"}}},
            },
        }
    ],
}


def test_every_text_is_found_with_its_path_speaker_and_role() -> None:
    found = [(t.where, t.judged_text, t.speaker, t.role) for t in chat_texts(REQUEST)]

    assert found == [
        ("messages[0].content", "be kind", "system", "prompt"),
        ("messages[1].content[0].text", "be brief", "developer", "prompt"),
        ("messages[2].name", "Ann", "user", "prompt"),
        ("messages[2].content[0].text", "look", "user", "prompt"),
        ("messages[3].tool_calls[0].function.name", "f", "assistant", "reply"),
        ("messages[3].tool_calls[0].function.arguments", '{"q":"A"}', "assistant", "reply"),
        ("messages[3].tool_calls[1].custom.name", "g", "assistant", "reply"),
        ("messages[3].tool_calls[1].custom.input", "free", "assistant", "reply"),
        ("messages[4].content", "result", "tool", "tool_result"),
        ("messages[5].content", "done", "assistant", "reply"),
        ("messages[5].reasoning_content", "hm", "assistant", "reply"),
        ("messages[6].content", "thanks", "user", "prompt"),
        ("tools[0].function.name", "f", "tools", "document"),
        ("tools[0].function.description", "finds", "tools", "document"),
        ("tools[0].function.parameters.properties.q.description", "query", "tools", "document"),
    ]


@given(st.sets(st.integers(0, 14)))
def test_writing_back_changes_those_texts_and_nothing_else(numbers: set[int]) -> None:
    before = copy.deepcopy(REQUEST)
    items = chat_texts(REQUEST)

    changed = with_texts(REQUEST, {items[n].path: f"new {n}" for n in numbers})

    assert before == REQUEST
    for number, (old, new) in enumerate(zip(items, chat_texts(changed), strict=True)):
        assert new.text == (f"new {number}" if number in numbers else old.text)
    restored = with_texts(changed, {items[n].path: items[n].text for n in numbers})
    assert restored == before


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "messages: expected a list, got nothing"),
        ({"messages": []}, "messages: expected at least one message, got none"),
        ({"messages": ["x"]}, "messages[0]: expected an object, got a string"),
        ({"messages": [{"content": "x"}]}, "messages[0].role: expected a string, got nothing"),
        (
            {"messages": [{"role": "wizard", "content": "x"}]},
            "messages[0].role: expected one of system, developer, user, assistant, tool, function, "
            "got another string of 6 characters",
        ),
        (
            {"messages": [{"role": "user", "content": 3}]},
            "messages[0].content: expected a string or a list of parts, got a number",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": 3}]}]},
            "messages[0].content[0].text: expected a string, got a number",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0].content[0].text: expected a string, got nothing",
        ),
        (
            {"messages": [{"role": "user", "content": [{"text": "x"}]}]},
            "messages[0].content[0].type: expected a string, got nothing",
        ),
        (
            {"messages": [{"role": "user", "content": [True]}]},
            "messages[0].content[0]: expected an object, got a boolean",
        ),
        (
            {"messages": [{"role": "user", "content": "x", "name": ["x"]}]},
            "messages[0].name: expected a string, got a list",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": {}}]},
            "messages[0].tool_calls: expected a list, got an object",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": {}}}]}]},
            "messages[0].tool_calls[0].function.arguments: expected a string, got an object",
        ),
        (
            {"messages": [{"role": "user", "content": "x"}], "tools": [3]},
            "tools[0]: expected an object, got a number",
        ),
    ],
)
def test_a_bad_shape_names_the_field(request_: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        chat_texts(request_)

    assert str(error.value) == message


def test_a_schema_nested_too_deeply_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(100_000):
        schema = {"p": schema}
    request = {"messages": [{"role": "user", "content": "x"}], "tools": [schema]}

    with pytest.raises(InputError, match="tools\\[0\\]: too large or nested too deeply"):
        chat_texts(request)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "type", "text", "name", "tool_calls", "function", "arguments"]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(messages=JSON, tools=JSON)
def test_any_json_is_read_or_refused(messages: Any, tools: Any) -> None:
    try:
        items = chat_texts({"messages": messages, "tools": tools})
    except InputError:
        return
    for item in items:
        assert item.text
