# Each target is one word and works on a fresh machine that has Python 3.11, make and the package registries.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CONSTRAINT=constraints/constraints.txt $(BIN)/pip
SCENE ?= gate
JOBS ?= 3
SECONDS ?= 1200
# The tests start some hundred processes of ours: each of them would compile all that it imports.
export PYTHONDONTWRITEBYTECODE :=
PYTEST := $(BIN)/python -m pytest --evidence=build/evidence
PAGE_TESTS := $(patsubst %,tests/viewer/test_%.py,player browser ui golden_page static element fmp4)
SLOW := $(addprefix tests/,annotate viewer faults quirks security acceptance camera simulator)
SANS_IO_TESTS := tests/wire tests/isapi tests/faults/test_wire_rows.py tests/faults/test_document_rows.py
QUICK := $(filter-out $(SLOW) tests/__pycache__,$(patsubst %/,%,$(wildcard tests/*/))) $(wildcard tests/test_*.py)
PROOF := tests/viewer/test_frame_accuracy.py

.PHONY: demo test check coverage fuzz soak bench docs screenshots clean

demo: $(VENV)/.demo  ## a simulated camera and the page that shows its metadata on its video
	@exec $(BIN)/onframe demo --scene $(SCENE)

test: $(VENV)/.test $(VENV)/.system  ## everything: checks, tests, the pages of conformance and robustness
	@$(BIN)/python -m compileall -q src  # and the tests, while the checks run
	@$(PYTEST) --collect-only -q $(SLOW) $(QUICK) >/dev/null 2>&1 & \
		$(MAKE) --no-print-directory check; checked=$$?; wait; exit $$checked
	@rm -rf build/evidence && mkdir -p build
	@echo "Tests of the page, in one browser at a time, and the coverage run beside the others; what they say comes after those."
	@$(PYTEST) $(PAGE_TESTS) >build/pages.log 2>&1 & pages=$$!; \
		nice -n 19 $(MAKE) --no-print-directory coverage >build/coverage.log 2>&1 & branches=$$!; \
		$(PYTEST) -n $(JOBS) --dist loadfile --no-loadscope-reorder $(addprefix --ignore=,$(PAGE_TESTS) $(PROOF)) $(SLOW) $(QUICK); \
		failed=$$?; \
		wait $$pages || failed=1; cat build/pages.log; \
		wait $$branches || failed=1; cat build/coverage.log; \
		exit $$failed
	$(PYTEST) $(PROOF)  # frame by frame: nothing else may run beside it
	$(BIN)/python tests/pages.py build/evidence
	@$(MAKE) --no-print-directory fuzz SECONDS=40

coverage: $(VENV)/.test  ## the branches of wire and isapi that their own tests take: at least 98 %
	@mkdir -p build
	$(BIN)/coverage run --data-file=build/branches --branch --source=src/onframe/wire,src/onframe/isapi \
		-m pytest -p no:cacheprovider $(SANS_IO_TESTS)
	@$(BIN)/coverage json -q --data-file=build/branches -o build/branches.json
	@$(BIN)/python scripts/branches.py build/branches.json 98

check: $(VENV)/.test build/node/.installed  ## formatting, lint, types of both languages, the arrows of the house
	$(BIN)/ruff format --check src tests bench examples scripts fuzz
	$(BIN)/ruff check src tests bench examples scripts fuzz
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	build/node/node_modules/.bin/tsc --project tsconfig.json

fuzz: $(VENV)/.fuzz  ## hostile bytes for every reader, for SECONDS in all; what is learnt stays in build/fuzz
	$(BIN)/python fuzz/run.py --seconds $(SECONDS)

soak: SECONDS := $(if $(filter file,$(origin SECONDS)),1800,$(SECONDS))
soak: $(VENV)/.test  ## 100 cameras with faults for SECONDS (half an hour); memory, descriptors, tasks and threads stay flat
	$(BIN)/python tests/soak/soak.py --seconds $(SECONDS)

bench: $(VENV)/.bench $(VENV)/.system  ## ratios against named peers, measured side by side in one run
	$(BIN)/python bench/decode.py
	$(BIN)/python bench/message_path.py
	$(BIN)/python bench/paced.py
	$(BIN)/python bench/fleet.py
	$(BIN)/python bench/viewer.py
	$(BIN)/python bench/pictures.py
	$(BIN)/python bench/painter.py
	$(BIN)/python bench/annotate.py

docs: $(VENV)/.docs  ## the manual as HTML in docs/_build
	$(BIN)/sphinx-build -W -q -b html docs docs/_build

screenshots: $(VENV)/.test $(VENV)/.system  ## the README's pictures, made by the project itself
	$(BIN)/python docs/screenshots.py

clean:
	rm -rf $(VENV) docs/_build dist build

$(VENV)/bin/python:
	@PYTHON=$(PYTHON) sh scripts/system.sh venv
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -q --upgrade pip

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml constraints/constraints.txt
	$(PIP) install -q -e ".[demo]"
	@touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml constraints/constraints.txt
	$(PIP) install -q -e ".[all]" --group test --group check
	@touch $@ $(VENV)/.demo

$(VENV)/.bench: $(VENV)/.test
	$(PIP) install -q --group bench
	@touch $@

$(VENV)/.docs: $(VENV)/.test
	$(PIP) install -q --group docs
	@touch $@

$(VENV)/.fuzz: $(VENV)/.test
	$(PIP) install -q --group fuzz
	@touch $@

$(VENV)/.system: $(VENV)/bin/python scripts/system.sh
	@sh scripts/system.sh test
	@touch $@

build/node/.installed: $(VENV)/.system constraints/npm.txt
	@mkdir -p build/node
	npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix build/node $$(cat constraints/npm.txt)
	@touch $@
