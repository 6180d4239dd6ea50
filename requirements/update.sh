#!/usr/bin/env bash
# Writes the lock files from the bounds in setup.py: exact versions with hashes, for every supported Python.
set -euo pipefail
cd "$(dirname "$0")/.."
lock() { # NAME SOURCE ...
  local name=$1
  shift
  .venv/bin/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links --upgrade --output-file "requirements/$name.txt" "$@"
}
lock runtime setup.py requirements/build.in
lock sandbox --extra sandbox setup.py requirements/build.in
lock test --extra test setup.py requirements/build.in
lock dev --extra dev setup.py requirements/build.in
lock compile --constraint requirements/dev.txt requirements/compile.in
# What workers without an image install besides what Beam's own image has: see docs/dataflow.md.
sed -nE 's/^((msgspec|ruamel-yaml|urllib3)==[^ ]*).*/\1/p' requirements/runtime.txt > requirements/worker.txt
