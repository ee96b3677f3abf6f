# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PORT   ?= 8080

.PHONY: run test test-all lint bench clean

$(VENV)/base.stamp: pyproject.toml $(wildcard src/native/*.c)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/dev.stamp: pyproject.toml $(VENV)/base.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev,curate,train]"
	@touch $@

run: $(VENV)/base.stamp            ## gateway and console on 127.0.0.1, built-in assistant as upstream
	$(BIN)/trueline up --port $(PORT)

test: $(VENV)/dev.stamp lint       ## everything the tests need, then the tests
	sh tests/install_servers.sh
	$(BIN)/python -m pytest -n 2 --dist loadfile -q

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/lint-imports

bench: $(VENV)/dev.stamp
	$(BIN)/python benchmarks/run_all.py

clean:
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
