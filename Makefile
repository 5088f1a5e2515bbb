# make run    serve the studio at http://127.0.0.1:7860
# make quick  checks, and the tests that are soon done and need no browser: within a minute
# make test   checks, then every test but the proofs
# make proof  the tests that take long or kill and start servers, and the benchmarks; writes docs/measured.md
# make check  style, types and imports only
# make lock   write anew which versions are installed, after a change of requirements*.txt
# make space  write the studio as a Hugging Face Space into out/space
.PHONY: run quick test proof check lock space help

PYTHON = .venv/bin/python
# The first of these that is here makes .venv.
PYTHONS = python3.11 python3.12 python3
# Two tests at once, of one thread each, whatever the machine has: they share its cores with browsers and servers.
PYTEST = OMP_NUM_THREADS=1 $(PYTHON) -m pytest --numprocesses 2 --dist worksteal

run: .venv/ready
	$(PYTHON) app.py

quick: .venv/ready-for-tests
	$(PYTHON) check.py --quick
	$(PYTEST) -m "not proof and not slow" tests/unit tests/engines

test: check .venv/browser
	$(PYTEST)

proof: .venv/browser
	$(PYTHON) -m benchmarks proof

check: .venv/ready-for-tests
	$(PYTHON) check.py

space: .venv/ready
	rm -rf out/space
	$(PYTHON) -m space out/space

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

# Versions stay as they are where they can: delete the .lock files first to have the newest of all.
COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --custom-compile-command "make lock" -
lock: .venv/python
	$(PYTHON) -m pip install --quiet uv==0.13.9
	grep -v '^torch' requirements.txt | $(COMPILE) --generate-hashes --output-file requirements.lock
	cat requirements.txt requirements-test.txt | grep -v '^torch\|^-r' \
		| $(COMPILE) --generate-hashes --constraints requirements.lock --output-file requirements-test.lock
	grep '^torch' requirements.txt | $(COMPILE) --constraints requirements-test.lock --output-file torch.lock

.venv/python:
	@for name in $(PYTHONS); do \
		if $$name -c 'import sys, ensurepip; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2> /dev/null; then \
			echo "$$name -m venv .venv"; $$name -m venv .venv && touch $@; exit; \
		fi; \
	done; \
	echo "The studio needs Python 3.11 or 3.12 with its venv module; install one and run make again." >&2; exit 1

# All is locked with hashes but torch, whose builds differ from machine to machine, and what only torch brings: without
# an NVIDIA GPU it comes from PyTorch's index of CPU builds, where that can be reached.
PIP = $(PYTHON) -m pip install --quiet --disable-pip-version-check
CPU_BUILDS = https://download.pytorch.org/whl/cpu
define INSTALL
	@echo "Installing what $1.lock names; the first time this takes minutes."
	@$(PIP) --require-hashes --no-deps -r $1.lock
	@index=--extra-index-url=$(CPU_BUILDS); \
	if command -v nvidia-smi > /dev/null || ! $(PYTHON) -c \
		"from urllib.request import urlopen; urlopen('$(CPU_BUILDS)/torch/', timeout=5)" 2> /dev/null; then index=; fi; \
	$(PIP) $$index --constraint torch.lock -r $1.txt
	@$(PIP) --no-build-isolation --no-deps -e .
endef

# OpenCV's wheel leaves two libraries to the system, which a desktop has and a bare container has not.
OPENCV = @$(PYTHON) -c "import cv2" 2> /dev/null \
	|| { test "$$(id -u)" = 0 && apt-get update && apt-get install -y libgl1 libglib2.0-0; } \
	|| { echo "OpenCV needs libGL and GLib (Debian: libgl1 libglib2.0-0); install them and run make again." >&2; exit 1; }

# What is compiled on first use is compiled now, not while the first visitor waits.
WARM = @$(PYTHON) -c "import app; app.warm()"

.venv/ready: requirements.lock torch.lock | .venv/python
	$(call INSTALL,requirements)
	$(OPENCV)
	$(WARM)
	@touch $@

.venv/ready-for-tests: requirements-test.lock torch.lock | .venv/python
	$(call INSTALL,requirements-test)
	$(OPENCV)
	$(WARM)
	@touch $@ .venv/ready

.venv/browser: | .venv/ready-for-tests
	{ command -v chromium-headless-shell || command -v chromium; } > /dev/null \
		|| { test "$$(id -u)" = 0 && apt-get update && apt-get install -y chromium-headless-shell; } \
		|| $(PYTHON) -m playwright install chromium
	@touch $@
