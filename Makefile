PYTHON ?= python3
TORCH ?= torch==2.13.0   # a version whose Linux CPU wheel a plain pip finds; plain `torch` pulls gigabytes of CUDA
BIN := .venv/bin
export TOKENIZERS_PARALLELISM := false

TESTS = $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: quickstart test test-rest check docs image bench fuzz

quickstart: .venv/.installed
	$(BIN)/sandbox-rl compare quickstart --resume

test: .venv/.installed-dev
	$(TESTS) -m "not slow and not rest"

test-rest: .venv/.installed-dev
	$(TESTS) -m "rest and not slow"

check: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/.installed-dev
	$(BIN)/python docs/generate.py

bench: .venv/.installed-dev
	$(BIN)/python benchmarks/grading.py

fuzz: .venv/.installed-dev
	$(BIN)/python -m benchmarks.fuzz

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
