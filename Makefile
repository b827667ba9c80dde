# Each target sets up what it needs in .venv: Python 3.10 to 3.13 with pip is enough.

VENV ?= .venv
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.10 python3 python; do \
	$$python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$python && break; done)
BIN := $(VENV)/bin
export MPLBACKEND := Agg

.PHONY: help demo test slow-test check bench constraints clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.package ## denoise a generated dome, with figures and picture in demo_output/ (5 minutes)
	$(BIN)/n2v-demo --output demo_output --overwrite

test: $(VENV)/.tools ## run the fast tests
	$(BIN)/python -m pytest

slow-test: $(VENV)/.tools ## run the slow tests: training, ImageJ, kills
	$(BIN)/python -m pytest -m slow

check: $(VENV)/.tools ## lint, format, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.package ## print the tables of benchmarks/ (long)
	@for script in benchmarks/*.py; do \
		echo "$$script"; $(BIN)/python "$$script" || exit 1; done

constraints: ## write constraints/ anew for this Python, from what pip finds today
	$(MAKE) clean
	$(MAKE) $(VENV)/.tools CONSTRAINTS=
	{ echo "# Versions that the tests pass with on Python $$($(BIN)/python -c \
	'import sys; print(*sys.version_info[:2], sep=".")') and Linux; \`make constraints\` writes them anew."; \
	$(BIN)/python -m pip freeze --exclude-editable --exclude n2v_tools \
	| grep -v '^tensorflow-io-gcs-filesystem=='; \
	} > constraints/$$($(BIN)/python -c 'import sys; print("py%d%d.txt" % sys.version_info[:2])')

clean: ## remove the environment and what was built
	rm -rf "$(VENV)" build dist *.egg-info

# Debian's Python comes without ensurepip, but with a pip that can install into another place.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.10 to 3.13 was found; name it: make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "setting up $(VENV) with $(PYTHON): some minutes, once"
	@"$(PYTHON)" -m venv "$(VENV)" >/dev/null 2>&1 || { rm -rf "$(VENV)" \
	&& "$(PYTHON)" -m venv --without-pip "$(VENV)" \
	&& "$(PYTHON)" -m pip --python "$(BIN)/python" install --quiet pip; }

CONSTRAINTS ?= -c constraints/$$($(BIN)/python -c 'import sys; print("py%d%d.txt" % sys.version_info[:2])')
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check $(CONSTRAINTS)

$(VENV)/.package: setup.cfg pyproject.toml $(wildcard constraints/*.txt) | $(BIN)/python
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/.tools: $(VENV)/.package
	@$(INSTALL) --editable ".[test,check]"
	@touch $@
