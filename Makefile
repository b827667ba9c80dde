# Each target sets up what it needs in .venv: Python 3.10 to 3.13 with pip is enough.

VENV ?= .venv
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.10 python3 python; do \
	$$python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$python && break; done)
BIN := $(VENV)/bin
CAREAMICS := .venv-careamics
export MPLBACKEND := Agg

.PHONY: help demo test slow-test check docs bench bench-kills careamics constraints clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.package ## denoise a generated dome, with figures and picture in demo_output/ (5 minutes)
	$(BIN)/n2v-demo --output demo_output --overwrite

# A worker takes up to 4 GB. Tests of one file share what they make: one worker runs them.
WORKERS ?= 2

test: $(VENV)/.tools ## run the fast tests on 2 processors; WORKERS=8 takes more
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

slow-test: $(VENV)/.tools ## run the slow tests: training, ImageJ, kills
	$(BIN)/python -m pytest -m slow

check: $(VENV)/.tools ## lint, format, types, who may import whom, and that the documentation builds
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; \
	then $(MAKE) --no-print-directory docs; \
	else echo "documentation: left out, its tools want Python 3.11 or later"; fi

# Every page is read anew: a warning about one that did not change would be heard only once.
docs: $(VENV)/.tools ## build the documentation into docs/_build, a warning is an error
	$(BIN)/sphinx-build -E -W --keep-going --quiet docs docs/_build
	@echo "documentation: docs/_build/index.html"

# n2v 0.3.3 needs NumPy 1, that is Python 3.10 or 3.11; CAREamics 3.11 or later.
BENCH ?= ceilings training prediction memory scaling compat_dome checkerboard time_to_quality

bench: $(VENV)/.package ## measure against n2v and CAREamics into benchmarks/results/ (over an hour on 2 cores); BENCH="training memory" picks
	@$(MAKE) --no-print-directory careamics || echo "CAREamics cannot be installed: its row will say so" >&2
	@for name in $(BENCH); do echo "== $$name" >&2; \
		$(BIN)/python benchmarks/$$name.py --write || failed="$$failed $$name"; done; \
		test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

bench-kills: $(VENV)/.package ## kill n2v-train and n2v-denoise at random moments (10 minutes)
	$(BIN)/python benchmarks/kill_at_random.py --write

careamics: $(CAREAMICS)/.installed ## set up CAREamics in an environment of its own, for bench

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
$(BIN)/python $(CAREAMICS)/bin/python: %/bin/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.10 to 3.13 was found; name it: make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "setting up $* with $(PYTHON): some minutes, once"
	@"$(PYTHON)" -m venv "$*" >/dev/null 2>&1 || { rm -rf "$*" \
	&& "$(PYTHON)" -m venv --without-pip "$*" \
	&& "$(PYTHON)" -m pip --python "$@" install --quiet pip; }

CONSTRAINTS ?= -c constraints/$$($(BIN)/python -c 'import sys; print("py%d%d.txt" % sys.version_info[:2])')
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check $(CONSTRAINTS)

$(VENV)/.package: setup.cfg pyproject.toml $(wildcard constraints/*.txt) | $(BIN)/python
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/.tools: $(VENV)/.package
	@$(INSTALL) --editable ".[test,check]"
	@touch $@

# PyTorch's own index has a build without CUDA; PyPI's, 3 GB larger, works as well.
$(CAREAMICS)/.installed: | $(CAREAMICS)/bin/python
	@$(CAREAMICS)/bin/python -m pip install --quiet --retries 0 torch==2.11.0 torchvision==0.26.0 \
		--index-url https://download.pytorch.org/whl/cpu 2>/dev/null || true
	@$(CAREAMICS)/bin/python -m pip install --quiet --disable-pip-version-check careamics==0.3.5
	@touch $@
