# Everything that Polyak needs it sets up itself, in a virtual environment of its own.
#   make study   the first thing to run: ends with study/index.html
#   make test    all checks: format, lint, types, floors, tests, documents, a dozen mutations
#   make quick   what seconds can tell of the floors that you changed, or of FLOOR=rules
#   make mutate  all mutations; stopped, it goes on from there the next time

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# The airfoil data is read from here where it is at hand; otherwise from the cache or the web.
export POLYAK_DATA ?= $(wildcard $(abspath ../shared/data))

.PHONY: study test quick tests lint style types format measure wheel hooks bench mutate attack docs book-peers peers lock clean
.DEFAULT_GOAL := study

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "polyak needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "setting up Polyak in $(VENV) (once, about a minute): pip says what it fetches"
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable '.[all]'
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	@echo "setting up what the tests need (once, a minute or two): pip says what it fetches"
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@

$(VENV)/installed-bench: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	@touch $@

study: $(VENV)/installed
	$(BIN)/polyak study heavy_ball --lr 0.6 --momentum 0.5 --out study/

lint: style types

style: $(VENV)/installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/installed-test
	$(BIN)/mypy
	$(BIN)/lint-imports

# The lab is tested in a real browser: Debian's, where it can be had.
/usr/bin/chromium:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get install -y -qq chromium chromium-driver || { apt-get update -qq && apt-get install -y -qq chromium chromium-driver; }; \
	fi || echo "chromium cannot be had: the lab's page is not tested"

# The style takes seconds and comes first; the types are checked beside the tests, and both are told to the end.
test: style | /usr/bin/chromium
	@$(MAKE) --no-print-directory --jobs 2 tests types
	$(BIN)/python scripts/mutate.py --chosen

# Each worker has its half in one piece, so that a file's fixtures and what it compiles are made once; who is done helps.
tests: $(VENV)/installed-test
	$(BIN)/pytest --numprocesses 2 --dist worksteal

# make quick FLOOR=rules: ruff, and of that floor's tests those that take seconds.
quick: $(VENV)/installed-test
	@$(BIN)/python scripts/quick.py $(FLOOR)

# How the house stands by its own measure: types, branches, circles, files to touch, what an install drags in, lines.
measure: $(VENV)/installed-test
	$(BIN)/python scripts/measure.py

# The wheel, built, installed into empty environments outside this folder, and the tests of the core run there,
# with every Python from 3.11 on that is at hand.
wheel: $(VENV)/installed-test
	$(BIN)/python scripts/wheel.py

# What is committed is checked as `make lint` checks it.
hooks: $(VENV)/installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	$(BIN)/pre-commit install

format: $(VENV)/installed-test
	$(BIN)/python scripts/make_stubs.py
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Delete the momentum, swap a sign, move an eps: each must turn the tests red.
mutate: $(VENV)/installed-test
	$(BIN)/python scripts/mutate.py

# A thousand tries of each kind of harm: bad input, hostile links, messages and documents, kills; under ten minutes.
attack: $(VENV)/installed-test
	$(BIN)/python scripts/attack.py

# The helpers of the later editions, held against the published package's on the same seeds: it is downloaded, and used
# outside this folder. The old names, held against MXNet 1.9.1 and gluonbook in an environment under .peers/.
book-peers: $(VENV)/installed-test
	$(BIN)/python scripts/book_peers.py
	$(BIN)/python scripts/book_peers_mxnet.py

bench: $(VENV)/installed-bench
	$(BIN)/python benchmarks/run.py

# What the documents show, and the site that opens from a disk: site/index.html, every warning an error.
docs: $(VENV)/installed-test
	$(BIN)/python scripts/make_docs.py
	$(BIN)/python scripts/site/build.py site

# TensorFlow and MXNet in environments of their own, and where their optimizers go, recorded for the tests.
peers: $(VENV)/installed
	$(BIN)/python scripts/record_peers.py

# The versions that everyone gets, from what the ranges in pyproject.toml resolve to today.
lock:
	rm -rf .lock && $(PYTHON) -m venv .lock
	.lock/bin/python -m pip install --quiet torch==2.13.0
	.lock/bin/python -m pip install --quiet --editable '.[test,bench]'
	.lock/bin/python -m pip freeze --exclude-editable | sed 's/+cpu//' > constraints.txt
	rm -rf .lock

clean:
	rm -rf $(VENV) study site .peers
