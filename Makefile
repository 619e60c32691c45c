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

FUZZ_SECONDS ?= 600
SANITIZED := firmware/build/posix-sanitizers/bin
FUZZERS := firmware/build/posix-fuzz/bin

.PHONY: help setup constraints samples demo sample-report test check lint unit host-test tidy coverage mutants fuzz bench format clean

help:
	@sed -n 's/^#   //p' Makefile; echo "make sample-report   the whole zoo into reports/sample"; \
	 echo "make check   lint, types and the fast tests"; \
	 echo "make bench   side-by-side performance ratios"; \
	 echo "make tidy    clang-tidy on the firmware"; \
	 echo "make coverage   branch coverage of the unit tests"; \
	 echo "make mutants    planted mistakes that no test notices, MUTANTS_SECONDS=$(MUTANTS_SECONDS)"; \
	 echo "make constraints   the newest Python packages into constraints.txt"; \
	 echo "make fuzz    frame and model parsers, FUZZ_SECONDS=$(FUZZ_SECONDS) each"

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
# itself where the link tests talk to it on the desktop. Both halves bring their own emulated boards
# and run side by side; a real board is there once, so that everything stands in one row then.
PYTEST = HIL_POSIX_APP=$(abspath $(SANITIZED)/hil_app) $(BIN)/python -m pytest $(if $(TFLM_ROOT),--hil-tflm-root $(TFLM_ROOT)) $(PYTEST_FLAGS)

test: samples lint host-test
ifneq ($(findstring emulated,$(BOARD)),)
	@tools/side-by-side \
	    "integration tests" env $(PYTEST) tests/integration -- \
	    "unit tests and tests on $(BOARD)" env $(PYTEST) --board $(BOARD) tests/unit tests/hil
else
	@$(PYTEST) --board $(BOARD) tests/unit tests/integration tests/hil
endif

check: setup lint unit

host-test: setup
	@cd firmware && cmake --preset posix-sanitizers >/dev/null
	@cd firmware && cmake --build --preset posix-sanitizers -- --quiet
	@cd firmware && ctest --preset posix-sanitizers --output-on-failure --progress | tail -n 3

fuzz: setup
	@cd firmware && cmake --preset posix-fuzz >/dev/null && cmake --build --preset posix-fuzz -- --quiet
	@mkdir -p build/corpus/command_loop build/corpus/engine
	$(FUZZERS)/fuzz_command_loop -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -verbosity=0 \
	    -print_final_stats=1 build/corpus/command_loop firmware/tests/fuzz/seeds
	$(FUZZERS)/fuzz_engine -max_total_time=$(FUZZ_SECONDS) -max_len=24576 -verbosity=0 \
	    -print_final_stats=1 build/corpus/engine fixtures/models/*/

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
	 $(BIN)/coverage combine --quiet && $(BIN)/coverage html --quiet; \
	 $(BIN)/coverage report > build/coverage/report.txt; tail -n 1 build/coverage/report.txt; \
	 echo "by file: build/coverage/report.txt and build/coverage/html/index.html"; exit $$failed

# Small mistakes planted one at a time; those that no test notices are listed. A sample that fits
# into the time, the same for the same seed: tools/mutants.py --help.
MUTANTS_SECONDS ?= 600

mutants: setup
	@$(BIN)/python tools/mutants.py --seconds $(MUTANTS_SECONDS)

unit:
	@$(BIN)/python -m pytest -q tests/unit $(PYTEST_FLAGS)

bench: setup
	@$(BIN)/python -m pytest -q -s tests/benchmarks $(PYTEST_FLAGS)

format: setup
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@git ls-files 'firmware/*.h' 'firmware/*.cc' | xargs clang-format -i

clean:
	rm -rf build firmware/build $(VENV) .mypy_cache .ruff_cache .pytest_cache
