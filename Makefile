# `make book` renders the book, `make test` checks everything; both make .venv with the pinned set first. Python 3.11 to 3.13.
#
#   make PYTHON=python3.12 book     another interpreter
#   make TORCH_INDEX=URL book       a package index with torch's small CPU wheels, for machines without an NVIDIA GPU
#   make NAME=01 P="-p seeds=5" record
#   make BENCH="grid --record" bench

PYTHON ?= python3
TORCH_INDEX ?=
NAME ?= 01-ser2022-transfer
P ?= -p seeds=5
BENCH ?=

bin := .venv/bin
pip := $(bin)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
built := _build/test

# After installation nothing is fetched.
export HF_HUB_OFFLINE := 1
export TRANSFORMERS_OFFLINE := 1

.PHONY: book test test-all coverage lab bench record clean
.DEFAULT_GOAL := book

book: .venv/installed
	@page=$$($(bin)/sercore book) && echo "The book is at $$page"

# From an empty store, which the units and the first pass over the notebooks fill. Notebooks run three times, as what they print must not
# depend on the run: trained in the first pass, found trained in the others.
test: export SER_STORE := $(CURDIR)/$(built)/store
test: .venv/installed
	@rm -rf $(built)
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/codespell
	$(bin)/lint-imports
	OMP_NUM_THREADS=1 $(bin)/pytest tests --ignore=tests/pages -n 2 --dist loadfile --no-loadscope-reorder
	for pass in 1 2 3; do OMP_NUM_THREADS=1 $(bin)/pytest --nbval-lax --nbval-current-env notebooks -n 2 --dist loadfile || exit 1; done
	$(bin)/sercore book --out $(built)
	SER_HTML=$(built)/_build/html $(bin)/pytest tests/pages tests/test_ledger_page.py -n 2

# What takes minutes, too: 10,000 damaged files, every chapter from two empty stores, whole corpora under SER_CORPORA.
test-all: test
	OMP_NUM_THREADS=1 $(bin)/pytest tests --ignore=tests/pages -m long -n 2 --dist loadfile --no-loadscope-reorder

# Which lines the tests reach; to watch them costs two thirds more time.
coverage: .venv/installed
	OMP_NUM_THREADS=1 $(bin)/pytest tests --ignore=tests/pages -n 2 --dist loadfile --cov --cov-report=term

lab: .venv/lab
	$(bin)/jupyter lab notebooks

bench: .venv/bench
	@$(bin)/python -m benchmarks $(BENCH)

record: .venv/installed
	$(bin)/sercore record $(NAME) --edition open $(P)

clean:
	rm -rf _build .coverage .coverage.* .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	@echo "What was built is gone; .venv stays (remove it by hand to install everything again)."

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "$(PYTHON) is $$($(PYTHON) --version 2>&1); Python 3.11 to 3.13 is needed. Name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make environments; on Debian and Ubuntu: apt-get install $$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" >&2; exit 1; }
	@test -f $@ || rm -rf .venv
	@test -d .venv || { echo "Making .venv"; $(PYTHON) -m venv .venv; }
	@echo "Installing the pinned set into .venv: two to five minutes, the first time only"
	@began=$$(date +%s) && $(pip) --editable '.[test]' && echo $$(($$(date +%s) - began)) > $@

.venv/bench .venv/lab: .venv/%: .venv/installed
	@$(pip) --editable '.[$*]'
	@touch $@
