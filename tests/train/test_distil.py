from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.train.rows import make_recipe, reviews, tagged
from torch.nn import functional

from trueline.core.errors import InputError
from trueline.train.artifact import load_artifact
from trueline.train.batching import generator
from trueline.train.modifiers.distil import answers_apart, attention_apart, states_apart
from trueline.train.run import TrainRun, train


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> TrainRun:
    folder = tmp_path_factory.mktemp("teacher")
    return train(make_recipe(folder, reviews(), loop={"steps": 120, "patience": None}))


def student(folder: Path, teacher: TrainRun, steps: int = 8, **options: Any) -> TrainRun:
    entry = {"modifier": "distil", "teacher": str(teacher.folder), **options}
    return train(
        make_recipe(
            folder, reviews(),
            model={"layers": 1, "width": 16},
            tokenizer={"folder": str(teacher.folder)},
            modifiers=[entry], loop={"steps": steps, "log_every": 1, "patience": None},
        )
    )  # fmt: skip


def make_folder(folder: Path) -> Path:
    (folder / "tag").mkdir()
    return folder / "tag"


def test_equal_answers_states_and_attention_cost_nothing() -> None:
    random = torch.Generator().manual_seed(0)
    answers = torch.randn(4, 5, generator=random)
    states = torch.randn(2, 6, 8, generator=random)
    attention = torch.rand(2, 3, 6, 6, generator=random).softmax(-1)

    costs = [
        answers_apart(answers, answers, 2.0, False, None),
        answers_apart(answers, answers, 2.0, True, None),
        states_apart(states, states, None),
        attention_apart(attention, attention, None),
    ]

    assert [float(cost) for cost in costs] == pytest.approx([0, 0, 0, 0], abs=1e-6)


@given(st.floats(0.5, 4), st.integers(0, 1000))
def test_the_distance_of_answers_is_torchs_kl_divergence(temperature: float, seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    a, b = torch.randn(2, 3, 4, generator=random)

    told = answers_apart(a, b, temperature, False, None)

    expected = functional.kl_div(
        (a / temperature).log_softmax(-1), (b / temperature).softmax(-1), reduction="batchmean"
    )
    assert float(told) == pytest.approx(float(expected) * temperature**2, abs=1e-5)


def test_states_that_were_only_turned_are_equal() -> None:
    random = torch.Generator().manual_seed(0)
    states = torch.randn(2, 6, 8, generator=random)
    turn = torch.linalg.qr(torch.randn(8, 8, generator=random))[0]

    assert float(states_apart(states @ turn, states, None)) == pytest.approx(0, abs=1e-6)
    assert float(states_apart(torch.randn(2, 6, 3, generator=random), states, None)) > 0.1


def test_padding_counts_nowhere() -> None:
    random = torch.Generator().manual_seed(0)
    mask = torch.tensor([[1, 1, 1, 0]])
    one, two = torch.randn(1, 4, 8, generator=random), torch.randn(1, 4, 8, generator=random)
    two[:, :3] = one[:, :3]
    attention = torch.rand(1, 2, 4, 4, generator=random).softmax(-1)
    other = attention.clone()
    other[:, :, 3] = 0.25

    assert float(states_apart(one, two, mask)) == pytest.approx(0, abs=1e-6)
    assert float(attention_apart(attention, other, mask)) == pytest.approx(0, abs=1e-6)


def test_a_student_comes_nearer_to_its_teacher(tmp_path: Path, teacher: TrainRun) -> None:
    run = student(tmp_path, teacher, steps=120, logits=1.0, task_share=0.0)

    task = load_artifact(teacher.folder).task
    examples = task.encode(reviews(80))
    batch = task.collate(examples, generator(0))
    with torch.no_grad():
        told = {
            name: task.loss(load_artifact(folder).model, batch).logits
            for name, folder in (("teacher", teacher.folder), ("student", run.folder))
        }
    assert told["teacher"] is not None
    assert told["student"] is not None
    agreement = (told["teacher"].argmax(1) == told["student"].argmax(1)).float().mean()
    assert float(agreement) > 0.85
    assert run.record["modifiers"]["distil"]["teacher_parameters"] > run.record["parameters"]


def test_states_and_attention_of_another_size_are_learned(
    tmp_path: Path, teacher: TrainRun
) -> None:
    run = student(tmp_path, teacher, logits=0.0, hidden=1.0, attention=1.0)

    lines = (run.folder / "metrics.jsonl").read_text("utf-8")
    assert "distil_hidden" in lines
    assert "distil_attention" in lines
    assert "distil_logits" not in lines


def test_teachers_that_do_not_fit_say_why(tmp_path: Path, teacher: TrainRun) -> None:
    entry = {"modifier": "distil", "teacher": str(teacher.folder)}
    other = make_recipe(tmp_path, reviews(), modifiers=[entry], tokenizer={"vocab_size": 310})
    task = make_recipe(
        make_folder(tmp_path), tagged(), "tag", modifiers=[entry], tokenizer={"folder": str(teacher.folder)},
    )  # fmt: skip
    nothing = make_recipe(tmp_path, reviews(), out=str(tmp_path / "nothing"), modifiers=[
        {**entry, "logits": 0.0}
    ])  # fmt: skip
    told = []
    for recipe in (other, task, nothing):
        with pytest.raises(InputError) as caught:
            train(recipe)
        told.append(str(caught.value).replace(str(teacher.folder), "TEACHER"))

    assert told == [
        "modifiers.distil.teacher: TEACHER has another tokenizer. Set tokenizer.folder to TEACHER so "
        "that both read the same tokens",
        "modifiers.distil.teacher: TEACHER does another task (classify) or has other labels than the "
        "recipe (tag). Train the teacher on the same rows",
        "modifiers.distil: logits, hidden and attention are all 0, so that nothing is learned from "
        "the teacher. Give one of them a weight",
    ]
