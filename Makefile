# make demo    the whole loop on the sample data, then the app on its results
# make app     the app (PROJECT=folder opens that project)
# make test    everything that must hold: lint, types, layers, tests (the browser included)
# make lint    lint, types and layers alone
# make bench   all measurements (BENCH="leak_figures encoder_speed" chooses some)
# make clean   removes what make made, but no project
#
# PYTHON chooses the interpreter (3.11 or newer), DEMO the demo's folder.

SHELL := /bin/bash
PYTHON ?= python3
DEMO ?= workbench-demo
BENCH ?= curation_pays duplicates_figures duplicates_growth semantic_figures judged_figures million_stages quality_figures habit_figures scorer_speed taste_figures \
  leak_figures contamination_figures coverage_figures statistics_figures encoder_speed static_encoder training_speed \
  generation_speed import_speed export_speed merged_under_transformers4 certificate_cost \
  review_speed browse_speed triage_figures rating_speed engine_scaling kill_test fuzz_import
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo app test lint bench clean chromium
.DEFAULT_GOAL := demo

demo: $(STAMPS)/installed
	$(BIN)/workbench demo $(DEMO)

app: $(STAMPS)/installed
	$(BIN)/workbench app $(PROJECT)

test: lint chromium
	$(BIN)/python -m pytest

lint: $(STAMPS)/test-tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMPS)/test-tools
	@for name in $(BENCH); do echo; echo "## $$name"; $(BIN)/python -m tests.benchmarks.$$name || exit 1; done

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "The workbench needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1 || true)." \
	       "Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || if [ "$$(id -u)" = 0 ]; then \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv; \
	  else echo "This Python cannot make virtual environments. Run: sudo apt-get install python3-venv" >&2; exit 1; fi
	$(PYTHON) -m venv $(VENV)

# torch alone first: pip then takes the build for the processor where the index offers one beside the large ones.
$(STAMPS)/installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@mkdir -p $(STAMPS)
	@echo "Installing pinned dependencies into $(VENV) (a few minutes the first time)"
	$(INSTALL) torch==2.13.0
	$(INSTALL) --editable .
	@touch $@

$(STAMPS)/test-tools: $(STAMPS)/installed
	$(INSTALL) --editable '.[test]'
	@touch $@

# Chromium, and the one library that Playwright's driver wants and a bare Debian lacks.
chromium:
	@missing=""; \
	command -v chromium chromium-browser google-chrome >/dev/null || missing="chromium"; \
	$(PYTHON) -c 'import ctypes; ctypes.CDLL("libatomic.so.1")' 2>/dev/null || missing="$$missing libatomic1"; \
	if [ -z "$$missing" ]; then :; \
	elif [ "$$(id -u)" = 0 ]; then \
	  echo "Installing for the browser tests: $$missing"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	else \
	  echo "The browser tests need more. Run: sudo apt-get install $$missing" >&2; exit 1; \
	fi

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
