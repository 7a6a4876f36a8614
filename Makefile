PYTHON ?= python3
TORCH ?= torch==2.13.0   # a version whose Linux CPU wheel a plain pip finds; plain `torch` pulls gigabytes of CUDA
BIN := .venv/bin
export TOKENIZERS_PARALLELISM := false

.PHONY: quickstart test check image bench

quickstart: .venv/.installed
	$(BIN)/sandbox-rl compare quickstart --resume

test: .venv/.installed-dev
	$(BIN)/python -m pytest -m "not slow"

check: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.installed-dev
	$(BIN)/python benchmarks/grading.py

image:
	docker build -t sandbox-rl-runner docker

.venv/.installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check "$(strip $(TORCH))"
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[train]'
	touch $@

.venv/.installed-dev: .venv/.installed
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	touch $@
