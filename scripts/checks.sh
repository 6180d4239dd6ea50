#!/usr/bin/env bash
# Runs the checks of .pre-commit-config.yaml over all files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/environment.sh
use_environment dev

exec .venv/bin/pre-commit run --all-files --show-diff-on-failure
