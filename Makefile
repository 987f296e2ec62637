# lab · author · grade · test · test-all · lint · bench · pictures · constraints. Each target prints the
# commands that it runs; docs/developers.md has them for a machine without make, docs/students.md for `lab`.
SHELL := /bin/sh
PYTHON ?= python3
VENV ?= .venv
REQUIREMENTS ?= requirements.txt
TESTS ?= requirements-tests.txt
CONSTRAINTS ?= constraints.txt
ASSIGNMENT ?= initialization
bin := ./$(VENV)/bin
install := $(bin)/python -m pip install --quiet --disable-pip-version-check
grading := $(bin)/python -m grading
pytest := $(bin)/python -m pytest -n auto --dist loadgroup
# Jupyter refuses to run as root unless told so.
allow_root := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: lab author grade test test-all lint bench pictures constraints clean

lab: $(VENV)/ready
	mkdir -p lab
	for name in initialization explore; do test -d lab/$$name || { rm -rf lab/new && cp -R release/$$name lab/new && mv lab/new lab/$$name; }; done
	$(bin)/jupyter lab $(allow_root) --notebook-dir=lab lab/initialization/initialization.ipynb

# The notebook with its solutions, for who writes it: what it imports lies here, and not beside it.
author: $(VENV)/ready
	PYTHONPATH="$(CURDIR)" $(bin)/jupyter lab $(allow_root) source/$(ASSIGNMENT)/$(ASSIGNMENT).ipynb

# Without a class, the sample class shows how it goes, in a course of its own.
grade: $(VENV)/ready
	$(grading) release $(ASSIGNMENT)
	$(grading) verify $(ASSIGNMENT)
	if ls -d submitted/*/$(ASSIGNMENT) > /dev/null 2>&1; \
	then $(grading) autograde $(ASSIGNMENT) && $(grading) feedback $(ASSIGNMENT) && $(grading) report $(ASSIGNMENT); \
	else echo "There are no submissions of $(ASSIGNMENT) in submitted/ yet." && $(grading) sample $(ASSIGNMENT); fi

# What one runs while one works: every room.
test: $(VENV)/ready-for-tests
	$(pytest) -m "not slow"

# Everything: all corpora in all sandboxes, peers, browser paths, databases, clusters, kills.
test-all: $(VENV)/ready-for-tests
	$(pytest)

lint: $(VENV)/ready-for-tests
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy

bench: $(VENV)/ready
	$(install) -r benchmarks/requirements.txt
	$(bin)/python benchmarks/notebooks.py
	$(bin)/python benchmarks/training.py
	$(bin)/python benchmarks/grading.py
	$(bin)/python benchmarks/figures.py
	$(bin)/python benchmarks/insight.py

# The pictures of the docs, as the tests in a browser see them.
pictures: $(VENV)/ready-for-tests
	$(bin)/python -m pytest tests/test_browser.py --pictures docs

# The exact versions that everything installs, for every Python that the README names.
constraints: $(VENV)/ready
	$(install) uv
	$(bin)/uv pip compile --universal --python-version 3.11 --upgrade --quiet --no-emit-index-url --no-annotate \
		--custom-compile-command "make constraints" --output-file $(CONSTRAINTS) $(REQUIREMENTS) $(TESTS)

# The stamp is written last: an installation that was cut off is done again.
$(VENV)/ready: $(REQUIREMENTS) $(CONSTRAINTS)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "This course needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(install) -r $(REQUIREMENTS) -c $(CONSTRAINTS)
	touch $(VENV)/ready

$(VENV)/ready-for-tests: $(VENV)/ready $(TESTS)
	$(install) -r $(REQUIREMENTS) -r $(TESTS) -c $(CONSTRAINTS)
	touch $(VENV)/ready-for-tests

clean:
	rm -rf $(VENV) build
