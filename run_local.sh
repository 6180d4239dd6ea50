#!/usr/bin/env bash
# Shows the product at work on this machine: events in, Customer.io's stand-in (the sandbox) with people and activity out.
set -euo pipefail

usage() {
  cat <<'EOF'
Usage: ./run_local.sh [--serve] [FILE ...]

Runs the pipeline over events and delivers them to a sandbox on 127.0.0.1. It needs no account, key or cloud.
Without FILE it sends examples/. It ends with the counts of read, filtered, delivered and dead-lettered events, the
people, and the activity. The first run installs the exact versions it needs into .venv.

  FILE      events to send: NDJSON, plain or compressed (.gz, .bz2, .xz, .zst)
  --serve   leave the sandbox up afterwards and print its address; Ctrl-C ends it
  --help    this text

Environment: PYTHON names the Python (3.10 to 3.13) to make .venv with.
Exit status: 0 when the pipeline succeeded.
EOF
}

serve=false
files=()
for argument in "$@"; do
  case "$argument" in
    --help | -h) usage; exit 0 ;;
    --serve) serve=true ;;
    -*) printf 'There is no option %q: see ./run_local.sh --help\n' "$argument" >&2; exit 2 ;;
    *)
      [ -r "$argument" ] || { printf "The file %q does not exist or can't be read.\n" "$argument" >&2; exit 2; }
      files+=("$(CDPATH='' cd -- "$(dirname -- "$argument")" && pwd)/$(basename -- "$argument")") ;;
  esac
done

cd "$(dirname "${BASH_SOURCE[0]}")"
[ ${#files[@]} -gt 0 ] || files=(examples/*.ndjson*)

. scripts/environment.sh
use_environment sandbox

# Nothing that is meant for the sandbox goes through a proxy.
export no_proxy="127.0.0.1${no_proxy:+,$no_proxy}" NO_PROXY="127.0.0.1${NO_PROXY:+,$NO_PROXY}"

CUSTOMERIO_SITE_ID=sandbox
CUSTOMERIO_API_KEY=$(.venv/bin/python -c 'import secrets; print(secrets.token_hex(16))')
export CUSTOMERIO_SITE_ID CUSTOMERIO_API_KEY

mkdir -p output
: > output/sandbox.log # it is read before the sandbox has begun to write
.venv/bin/python -m customerio_beam.sandbox --port 0 > output/sandbox.log 2>&1 &
sandbox=$!
stop_sandbox() {
  kill "$sandbox" 2>/dev/null || true
  wait "$sandbox" 2>/dev/null || true
}
trap stop_sandbox EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

url=
while [ -z "$url" ]; do
  kill -0 "$sandbox" 2>/dev/null || { echo "The sandbox did not start:" >&2; cat output/sandbox.log >&2; exit 1; }
  url=$(sed -n 's/^Sandbox listening on //p' output/sandbox.log)
  [ -n "$url" ] || sleep 0.1
done

echo "Delivering ${#files[@]} file(s) to the sandbox at $url ..."
.venv/bin/python -m pipeline --input "${files[@]}" --track_endpoint "$url" --backfill_recent=send \
  --dead_letters output/dead-letters
.venv/bin/python -m customerio_beam.sandbox.terminal "$url"

if $serve; then
  echo
  echo "The sandbox is at $url (Ctrl-C ends it)."
  wait "$sandbox"
fi
