from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pytest
from click.testing import CliRunner
from tests.train.rows import documents, make_recipe, reviews, write_rows

from trueline.cli.compress import compress as command
from trueline.core.errors import InputError
from trueline.models.onnx_session import OnnxSession
from trueline.train.parity import compress, decision
from trueline.train.run import TrainRun, train


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TrainRun:
    folder = tmp_path_factory.mktemp("compress")
    return train(make_recipe(folder, reviews(), loop={"steps": 120}))


def test_both_files_decide_as_the_model_does(run: TrainRun) -> None:
    parity = compress(run.folder, reviews(240))

    plain, small = parity.files
    assert (plain.file, small.file) == ("model.onnx", "model.int8.onnx")
    assert plain.max_difference < 1e-4
    assert plain.agreement == 1.0
    assert small.agreement >= 0.999
    assert small.kept >= 0.995
    assert small.bytes < plain.bytes
    assert parity.int8_matrices == 2 * 6  # two layers of four attention and two inner matrices
    assert orjson.loads((run.folder / "model" / "parity.json").read_bytes())["rows"] == 240


def test_an_exported_model_runs_without_torch(run: TrainRun) -> None:
    compress(run.folder, reviews(20))
    code = (
        "import sys, numpy as np\n"
        "from trueline.models.onnx_session import OnnxSession\n"
        f"session = OnnxSession({str(run.folder / 'model' / 'model.int8.onnx')!r})\n"
        "told = session.run({'input_ids': np.ones((3, 7), dtype=np.int64)})\n"
        "assert 'torch' not in sys.modules\n"
        "print(told['label'].shape)\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stdout.strip() == "(3, 2)", done.stderr


def test_padding_changes_nothing(run: TrainRun) -> None:
    compress(run.folder, reviews(20))
    session = OnnxSession(run.folder / "model" / "model.onnx")
    ids = np.arange(5, 13, dtype=np.int64)[None]

    alone = session.run({"input_ids": ids})["label"]
    padded = session.run({
        "input_ids": np.pad(ids, ((0, 0), (0, 4))),
        "attention_mask": np.pad(np.ones_like(ids), ((0, 0), (0, 4))),
    })["label"]  # fmt: skip

    assert np.allclose(alone, padded, atol=1e-5)


def test_the_command_tells_the_table_and_holds_it_to_a_limit(run: TrainRun, tmp_path: Path) -> None:
    rows = str(write_rows(tmp_path / "rows.jsonl", reviews(60)))

    good = CliRunner().invoke(command, [str(run.folder), "--rows", rows, "--least-kept", "0.9"])
    wanting = CliRunner().invoke(command, [str(run.folder), "--rows", rows, "--json"])

    assert good.exit_code == 0
    assert "model.int8.onnx" in good.output
    assert orjson.loads(wanting.output)["metric"] == "macro_f1"


def test_what_cannot_be_compressed_says_why(run: TrainRun, tmp_path: Path) -> None:
    causal = train(
        make_recipe(tmp_path, documents(6), "causal", model={"kind": "gpt2"}, loop={"steps": 1})
    )
    told = []
    for folder, rows in ((causal.folder, reviews(2)), (run.folder, []), (tmp_path, reviews(2))):
        with pytest.raises(InputError) as caught:
            compress(folder, rows)
        told.append(str(caught.value).replace(str(tmp_path), "DIR"))

    assert told == [
        "compress: models of the task causal write texts step by step, which one ONNX file cannot "
        "do. Compress models of classify, tag, understand or mlm",
        "compress: no rows to compare on. Give --rows FILE with labelled rows",
        "DIR holds no finished model (trueline.json cannot be read). Give the folder that "
        "`trueline train` wrote",
    ]


def test_a_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(b"no model")

    with pytest.raises(InputError, match=r"x.onnx is no model that can be run"):
        OnnxSession(path)
    with pytest.raises(
        InputError, match=r"y.onnx is missing. Make it with: trueline compress RUN_DIR"
    ):
        OnnxSession(tmp_path / "y.onnx")


def test_a_decision_is_a_prediction_without_its_scores() -> None:
    told = {"scores": {"a": 0.5}, "label": "a", "entities": [{"start": 1, "score": 0.2}]}

    assert decision(told) == {"label": "a", "entities": [{"start": 1}]}
