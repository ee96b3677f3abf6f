"""The curate page names every step, option and ledger column; its code runs; both languages agree."""

from __future__ import annotations

import pkgutil
import re
import typing
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import yaml
from pydantic import BaseModel

import trueline
from trueline.cli.data_search import search
from trueline.curate import steps
from trueline.curate.step import StepOptions

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = Path(__file__).parents[2] / "examples"
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def all_options() -> list[type[StepOptions]]:
    """The options of every step, whether or not a recipe may name it yet."""
    modules = [
        import_module(f"{steps.__name__}.{m.name}") for m in pkgutil.iter_modules(steps.__path__)
    ]
    found = [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, StepOptions)
    ]
    return sorted({one for one in found if one is not StepOptions}, key=lambda one: one.__name__)


STEP_OPTIONS = all_options()


def page(language: str) -> str:
    return (DOCS / language / "curate.md").read_text("utf-8")


def section(language: str, step: str) -> str:
    parts = re.split(r"^###? ", page(language), flags=re.MULTILINE)
    return next((part for part in parts if part.startswith(f"{step}\n")), "")


def name_of(options: type[StepOptions]) -> str:
    return str(options.model_fields["step"].default)


def nested(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in typing.get_args(annotation) for model in nested(inner)]


@LANGUAGES
@pytest.mark.parametrize("options", STEP_OPTIONS, ids=name_of)
def test_every_step_has_its_heading_and_every_option_its_row(
    language: str, options: type[StepOptions]
) -> None:
    told = section(language, name_of(options))

    assert told, f"docs/{language}/curate.md has no heading ### {name_of(options)}"
    fields = {
        name: f for name, f in options.model_fields.items() if name not in {"step", "version"}
    }
    inner = [n for f in fields.values() for m in nested(f.annotation) for n in m.model_fields]
    assert [name for name in (*fields, *inner) if f"`{name}`" not in told] == []


@LANGUAGES
@pytest.mark.parametrize("options", STEP_OPTIONS, ids=name_of)
def test_plain_defaults_on_the_page_are_the_steps_own(
    language: str, options: type[StepOptions]
) -> None:
    told = section(language, name_of(options))
    rows = dict(re.findall(r"^\| `(\w+)` \| `?([^|`]*)`? \|", told, re.MULTILINE))

    for name, field in options.model_fields.items():
        default = field.default
        if name not in {"step", "version"} and isinstance(default, bool | int | float | str):
            said = str(default).lower() if isinstance(default, bool) else str(default)
            assert not said or rows[name].strip() == said


@LANGUAGES
def test_no_step_on_the_page_is_unknown(language: str) -> None:
    listed = re.findall(r"^### (\w+)$", page(language), re.MULTILINE)

    assert sorted(listed) == sorted(name_of(options) for options in STEP_OPTIONS)


def test_both_languages_have_the_same_headings_code_and_numbers() -> None:
    en, zh = page("en"), page("zh")

    def shape(text: str) -> list[int]:
        return [len(found) for found in re.findall(r"^(#+) ", BLOCK.sub("", text), re.MULTILINE)]

    def code(text: str) -> list[str]:
        return [re.sub(r" *#.*$", "", body, flags=re.MULTILINE) for _, body in BLOCK.findall(text)]

    assert shape(en) == shape(zh)
    assert code(en) == code(zh)
    rows = [re.findall(r"^\| `\w+` \|[^\n]*", text, re.MULTILINE) for text in (en, zh)]
    assert [re.findall(r"[0-9.]+[0-9]", row) for row in rows[0]] == [
        re.findall(r"[0-9.]+[0-9]", row) for row in rows[1]
    ]


@LANGUAGES
def test_the_web_page_example_prints_what_the_page_shows(
    language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = next(body for kind, body in BLOCK.findall(page(language)) if "pages read" in body)
    scope: dict[str, Any] = {"__name__": "example", "__file__": str(EXAMPLES / "x.py")}
    path = EXAMPLES / "curate_web_pages.py"

    exec(compile(path.read_text("utf-8"), str(path), "exec"), scope)
    scope["main"]()

    assert capsys.readouterr().out.startswith(shown)


@LANGUAGES
@pytest.mark.parametrize("name", ["curate_web_pages", "curate_feedback_csv"])
def test_the_recipes_on_the_page_are_those_of_the_examples(language: str, name: str) -> None:
    text = (EXAMPLES / f"{name}.py").read_text("utf-8")
    used = yaml.safe_load(text.split('RECIPE = """\\\n')[1].split('"""')[0])

    shown = [yaml.safe_load(body) for kind, body in BLOCK.findall(page(language)) if kind == "yaml"]

    assert used in shown


@LANGUAGES
def test_the_kafka_reader_on_the_page_reads(language: str, tmp_path: Path) -> None:
    code = next(body for _, body in BLOCK.findall(page(language)) if "class KafkaReader" in body)
    scope: dict[str, Any] = {}
    exec(compile(code, "curate.md", "exec"), scope)
    texts = [f"这是第 {number} 条真实的用户反馈，内容各不相同。" for number in range(7)]

    def message(number: int) -> Any:
        body = f'{{"id": "m{number}", "text": "{texts[number]}"}}'.encode()
        error = "broken" if number == 3 else None
        return SimpleNamespace(
            value=lambda: body, topic=lambda: "feedback", offset=lambda: number, error=lambda: error
        )

    queue = [message(number) for number in range(7)]

    class Consumer:
        def consume(self, count: int, seconds: float) -> list[Any]:
            taken, queue[:] = queue[:count], queue[count:]
            return taken

    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("name: queue\nsteps:\n  - step: language\n", "utf-8")
    run = trueline.curate(
        recipe, reader=scope["KafkaReader"](Consumer(), batch=2), out=tmp_path / "out"
    )

    assert run.counts.kept == 6
    data = pl.read_parquet(tmp_path / "out" / "data" / "*.parquet")
    assert set(data["id"]) == {f"m{number}" for number in range(7) if number != 3}


@LANGUAGES
def test_every_ledger_column_is_on_the_page_and_its_queries_run(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = page(language)
    (tmp_path / "texts.txt").write_text("Nothing but a line of words to be read.", "utf-8")
    (tmp_path / "recipe.yaml").write_text("name: x\nsteps:\n  - step: language\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    trueline.curate("recipe.yaml", input="texts.txt", out="curated")
    code = next(body for _, body in BLOCK.findall(told) if "read_parquet" in body)

    exec(compile(code, "curate.md", "exec"), {})

    columns = pl.read_parquet_schema("curated/ledger.parquet")
    assert [name for name in columns if f"`{name}`" not in told] == []


@LANGUAGES
def test_every_search_option_is_on_the_page(language: str) -> None:
    options = [max(p.opts, key=len) for p in search.params if p.opts[0].startswith("--")]

    assert [name for name in options if f"`{name}`" not in page(language)] == ["--data"]
    assert "--data" in page(language)
