#!/usr/bin/env bash
# Writes the lock files from the bounds in setup.py: exact versions with hashes, for every supported Python.
set -euo pipefail
cd "$(dirname "$0")/.."
lock() { # NAME [EXTRA]
  .venv/bin/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links ${2:+--extra "$2"} --upgrade --output-file "requirements/$1.txt" setup.py requirements/build.in
}
lock runtime
lock sandbox sandbox
lock test test
lock dev dev
# What workers without an image install besides what Beam's own image has: see docs/dataflow.md.
sed -n 's/^\(msgspec==[^ ]*\).*/\1/p' requirements/runtime.txt > requirements/worker.txt
