# Two commands on a fresh machine do everything:
#   make demo    the main job on the emulated board: build, flash, stream, compare, report
#   make test    all tests
# While working: make check (under a minute). Both install what is missing and say so.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TFLM_ROOT ?=
BOARD ?= nucleo-f746zg-emulated
PYTEST_FLAGS ?=

.PHONY: help setup demo test check lint unit host-test bench format clean

help:
	@sed -n 's/^#   //p' Makefile; echo "make check   lint, types and the fast tests"; echo "make bench   side-by-side performance ratios"

# --- set-up ---------------------------------------------------------------------------------

setup: $(VENV)/.installed

# Debian packages first (the C helper is compiled while pip installs the project).
$(VENV)/.packages: system-packages.txt tools/install-system-packages
	@tools/install-system-packages system-packages.txt
	@mkdir -p $(VENV) && touch $@

$(VENV)/.installed: pyproject.toml setup.py harness/emulator/native/helper.c $(VENV)/.packages
	@test -x $(BIN)/python || { echo "set-up: new virtual environment in $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "set-up: installing tflm-hil and its Python packages (TensorFlow is large: a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# --- the main job ---------------------------------------------------------------------------

demo: setup
	@$(BIN)/hil demo --board $(BOARD)

# --- tests ----------------------------------------------------------------------------------

test: setup lint
	@$(BIN)/python -m pytest --board $(BOARD) $(if $(TFLM_ROOT),--hil-tflm-root $(TFLM_ROOT)) $(PYTEST_FLAGS) \
	    tests/unit tests/integration tests/hil

check: setup lint unit

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@find firmware -name '*.h' -o -name '*.cc' | xargs clang-format --dry-run --Werror

unit:
	@$(BIN)/python -m pytest -q tests/unit $(PYTEST_FLAGS)

bench: setup
	@$(BIN)/python -m pytest -q -s tests/benchmarks $(PYTEST_FLAGS)

format: setup
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@find firmware -name '*.h' -o -name '*.cc' | xargs clang-format -i

clean:
	rm -rf build $(VENV) .mypy_cache .ruff_cache .pytest_cache
