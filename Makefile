# Two commands on a fresh machine do everything:
#   make demo    the main job on the emulated board: build, flash, stream, compare, report
#   make test    all tests, on the board a part of the zoo: each cell, export and type
#   make test-all  the same with the whole zoo and more random networks (every night)
# While working: make check (half a minute). All install what is missing and say so.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TFLM_ROOT ?=
BOARD ?= nucleo-f746zg-emulated
PYTEST_FLAGS ?=

# Tests start hundreds of Pythons: modules are compiled once, whatever is set outside.
export PYTHONDONTWRITEBYTECODE :=

FUZZ_SECONDS ?= 600
SANITIZED := firmware/build/posix-sanitizers/bin
FUZZERS := firmware/build/posix-fuzz/bin

.PHONY: help setup constraints samples demo sample-report test test-all prepared check lint unit \
    host-build host-test tidy coverage mutants fuzz fuzz-readers bench cases format clean

help:
	@sed -n 's/^#   //p' Makefile; echo "make sample-report   the whole zoo into reports/sample"; \
	 echo "make check   lint, types and the fast tests"; \
	 echo "make bench   side-by-side performance ratios"; \
	 echo "make tidy    clang-tidy on the firmware"; \
	 echo "make coverage   branch coverage of the unit tests"; \
	 echo "make mutants    planted mistakes that no test notices, MUTANTS_SECONDS=$(MUTANTS_SECONDS)"; \
	 echo "make constraints   the newest Python packages into constraints.txt"; \
	 echo "make cases   the scripts of a folder against this checkout, CASES=DIR"; \
	 echo "make fuzz    frame and model parsers, FUZZ_SECONDS=$(FUZZ_SECONDS) each"; \
	 echo "make fuzz-readers   readers of files, FUZZ_FILES=$(FUZZ_FILES) damaged ones each"

# By another name: a line that says $(MAKE) is run by `make -n`, too.
AGAIN = $(MAKE) --no-print-directory

# --- set-up ---------------------------------------------------------------------------------

setup: $(VENV)/.installed

# Debian packages first (the C helper is compiled while pip installs the project).
$(VENV)/.packages: system-packages.txt tools/install-system-packages
	@tools/install-system-packages system-packages.txt
	@mkdir -p $(VENV) && touch $@

# The exact versions of constraints.txt, pip and the build's own packages included.
INSTALL = env PYTHONWARNINGS=ignore PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
    $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(VENV)/.installed: pyproject.toml constraints.txt setup.py $(wildcard harness/tflm_hil/emulator/native/*.[ch]) $(VENV)/.packages
	@test -x $(BIN)/python || { echo "set-up: new virtual environment in $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "set-up: installing tflm-hil and its Python packages (TensorFlow is large: a few minutes the first time)"
	@$(INSTALL) --upgrade pip setuptools
	@$(INSTALL) --editable '.[dev]'
	@touch $@

# The newest versions that pyproject.toml allows, into constraints.txt; then `make test`.
constraints: $(VENV)/.packages
	@rm -rf build/newest && $(PYTHON) -m venv build/newest
	@build/newest/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip setuptools
	@PYTHONWARNINGS=ignore build/newest/bin/python -m pip install --quiet --disable-pip-version-check '.[dev]'
	@build/newest/bin/python tools/freeze_constraints.py constraints.txt
	@git diff --stat constraints.txt

# Samples of data sets that are not ours to ship, where their folder is there (HIL_DATA, or shared/
# beside the project); models without samples are left out of a run, and it says so.
samples: setup
	@$(BIN)/python -m fixtures.samples

# --- the main job ---------------------------------------------------------------------------

demo: setup
	@$(BIN)/hil demo --board $(BOARD)

# The whole zoo on the emulated board, into the committed sample (reports/README.md).
sample-report: samples
	@$(BIN)/hil measure --board nucleo-f746zg-emulated --hil-report-dir build/sample --hil-resume never
	@$(BIN)/hil report --report-dir build/sample --save reports/sample

# --- tests ----------------------------------------------------------------------------------

# The application's own tests run under AddressSanitizer and UBSan, and so does the application
# itself where the link tests talk to it on the desktop. The parts bring their own emulated boards
# and run two at a time, the longest first; a real board is there once, so that everything stands in
# one row then. Their workers are forked from one process that has TensorFlow imported.
PYTEST = env HIL_POSIX_APP=$(abspath $(SANITIZED)/hil_app) $(BIN)/python -m pytest \
    $(if $(TFLM_ROOT),--hil-tflm-root $(TFLM_ROOT)) $(PYTEST_FLAGS)
AT_ONCE ?= 2

# Folders of tests/integration that are parts of their own; another part has all the others.
INTEGRATION := tests/integration
PARTS := explain plugin models engine

test: WHICH := --hil-covering
test-all: WHICH :=
test-all: export HIL_RANDOM_MODELS ?= 200
test-all: export HIL_DAMAGED ?= 5000
test-all: export HIL_DAMAGED_ON_BOARD ?= 500

test test-all: prepared
ifneq ($(findstring emulated,$(BOARD)),)
	@$(BIN)/python tools/warm-python tools/side-by-side --at-once $(AT_ONCE) \
	    "integration tests: the others" $(PYTEST) $(INTEGRATION) \
	        $(foreach part,$(PARTS),--ignore $(INTEGRATION)/$(part)) -- \
	    "tests on $(BOARD)" $(PYTEST) --board $(BOARD) $(WHICH) tests/hil -- \
	    $(foreach part,$(PARTS),"integration tests: $(part)" $(PYTEST) $(INTEGRATION)/$(part) --) \
	    "unit tests" $(PYTEST) tests/unit -- \
	    "lint" $(AGAIN) lint -- \
	    "firmware tests" $(AGAIN) host-test
else
	@$(AGAIN) lint host-test
	@$(BIN)/python tools/warm-python $(PYTEST) --board $(BOARD) $(WHICH) tests/unit $(INTEGRATION) tests/hil
endif

# What tests need, side by side: most of the one is waiting for downloads.
prepared: $(VENV)/.packages
	@tools/side-by-side \
	    "set-up" $(AGAIN) samples -- \
	    "firmware for the desktop" $(AGAIN) host-build

# Half a minute: what takes seconds each (the marker `slow`) is left to `make test`.
check: setup
	@tools/side-by-side "lint" $(AGAIN) lint -- \
	    "fast tests" $(BIN)/python -m pytest -q -n $(AT_ONCE) -m "not slow" tests/unit $(PYTEST_FLAGS)

host-build: $(VENV)/.packages
	@cd firmware && cmake --preset posix-sanitizers >/dev/null
	@cd firmware && cmake --build --preset posix-sanitizers -- --quiet

host-test: host-build
	@cd firmware && ctest --preset posix-sanitizers --output-on-failure --progress | tail -n 3

fuzz: setup
	@cd firmware && cmake --preset posix-fuzz >/dev/null && cmake --build --preset posix-fuzz -- --quiet
	@mkdir -p build/corpus/command_loop build/corpus/engine
	$(FUZZERS)/fuzz_command_loop -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -verbosity=0 \
	    -print_final_stats=1 build/corpus/command_loop firmware/tests/fuzz/seeds
	$(FUZZERS)/fuzz_engine -max_total_time=$(FUZZ_SECONDS) -max_len=24576 -verbosity=0 \
	    -print_final_stats=1 build/corpus/engine fixtures/models/*/

# Every reader of files with so many damaged ones: a line each, and none may end in a traceback.
FUZZ_FILES ?= 10000
READERS := tests/unit/fuzz tests/unit/models/test_damaged_files.py

fuzz-readers: setup
	@HIL_FUZZ=$(FUZZ_FILES) $(BIN)/python -m pytest -q -s $(READERS) $(PYTEST_FLAGS)

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@out=$$($(BIN)/lint-imports --no-logo --cache-dir build/import-linter .importlinter) || { echo "$$out"; exit 1; }
	@$(BIN)/python tools/check_links.py
	@git ls-files 'firmware/*.h' 'firmware/*.cc' | xargs clang-format --dry-run --Werror

# clang-tidy on the firmware's sources, as the desktop build compiles them (.clang-tidy says why
# some checks are left out). firmware/board/nucleo_f746zg is Cortex-M code: not part of that build.
TIDY_SOURCES = $(shell git ls-files 'firmware/link/*.cc' 'firmware/app/*.cc' 'firmware/engine/builtin/*.cc')

tidy: setup
	@cd firmware && cmake --preset posix -B build/tidy -DCMAKE_CXX_COMPILER=clang++ >/dev/null
	@printf '%s\n' $(TIDY_SOURCES) | xargs -P 2 -n 8 clang-tidy -p firmware/build/tidy --quiet 2>/dev/null

# Branch coverage of the unit tests, worker processes included: a table, build/coverage/*. Measuring
# slows examples down: the profile ci has no deadline for them.
coverage: setup
	@rm -rf build/coverage && mkdir -p build/coverage
	@failed=0; $(BIN)/coverage run -m pytest -q --hypothesis-profile ci tests/unit $(PYTEST_FLAGS) || failed=$$?; \
	 $(BIN)/coverage combine --quiet; $(BIN)/coverage html --quiet; \
	 $(BIN)/coverage report > build/coverage/report.txt; grep ^TOTAL build/coverage/report.txt; \
	 echo "by file: build/coverage/report.txt and build/coverage/html/index.html"; exit $$failed

# Small mistakes planted one at a time; those that no test notices are listed. A sample that fits
# into the time, the same for the same seed: tools/mutants.py --help.
MUTANTS_SECONDS ?= 600

mutants: setup
	@$(BIN)/python tools/mutants.py --seconds $(MUTANTS_SECONDS)

unit: setup
	@$(BIN)/python -m pytest -q tests/unit $(PYTEST_FLAGS)

# Small situations of other people's, a script each: what it shows, and what came of it.
CASES ?=

cases: setup
	@$(BIN)/python tools/run-cases $(CASES)

bench: setup
	@$(BIN)/python -m pytest -q -s tests/benchmarks $(PYTEST_FLAGS)

format: setup
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@git ls-files 'firmware/*.h' 'firmware/*.cc' | xargs clang-format -i

clean:
	rm -rf build firmware/build $(VENV) .mypy_cache .ruff_cache .pytest_cache
