#!/usr/bin/env bash
# Makes the tools of the integration tests available: builds the Go programs into .cache/go-bin, gets Flink's and Kafka's
# jars into .cache/java, installs Debian's packages. Leaves alone what is there already. Exit status 1, with one line for
# each missing tool, if any is unavailable.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

BEAM_VERSION=$(sed -n 's/^apache-beam\[*[a-z,]*\]*==\([0-9.]*\).*/\1/p' requirements/test.txt)
GO_BIN=$PWD/.cache/go-bin
missing=()

missing() {
  echo "Missing: $1" >&2
  missing+=("$1")
}

# go_program NAME MODULE@VERSION: builds a program once for each version.
go_program() {
  local name=$1 module=$2 stamp="$GO_BIN/.$1.version"
  [ -x "$GO_BIN/$name" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$module" ] && return
  echo "Building $name ($module) ..." >&2
  if GOBIN=$GO_BIN go install "$module"; then
    echo "$module" > "$stamp"
  else
    missing "$name: 'go install $module' failed, see above"
  fi
}

go_programs() {
  local name
  if ! command -v go > /dev/null; then
    missing "Go 1.26 or later (https://go.dev/dl): builds Prism and the servers of Pub/Sub, GCS and rate limits"
    return
  fi
  mkdir -p "$GO_BIN"
  go_program prism "github.com/apache/beam/sdks/v2/go/cmd/prism@v$BEAM_VERSION"
  go_program service_cmd "$(sed -n 's/^_MODULE = "\(.*\)"$/\1/p' tests/integration/rate_limit_service.py)"
  go_program actionlint "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
  go_program hclfmt "github.com/hashicorp/hcl/v2/cmd/hclfmt@v2.25.0"
  # Go itself knows whether our few lines have changed.
  for name in pubsub_server gcs_server; do
    (cd "tests/integration/$name" && go build -o "$GO_BIN/$name" .) || missing "$name: 'go build' failed, see above"
  done
}

# debian_package PROGRAM PACKAGE: installs a package where its program is not on the PATH.
debian_package() {
  command -v "$1" > /dev/null && return
  if ! command -v apt-get > /dev/null || [ "$(id -u)" != 0 ]; then
    missing "$1: install it (Debian: apt-get install $2)"
    return
  fi
  [ -n "${apt_updated:-}" ] || apt-get update -qq
  apt_updated=1
  echo "Installing $2 ..." >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" > /dev/null ||
    missing "$1: 'apt-get install $2' failed, see above"
}

# jars NAME POM GOAL...: has Maven put a project's jars into .cache/java/NAME, once for each version of its pom.xml.
jars() {
  local name=$1 pom=$2 folder="$PWD/.cache/java/$1"
  shift 2
  cmp -s "$pom" "$folder/.complete" && return
  if ! command -v java > /dev/null || ! command -v mvn > /dev/null; then
    missing "the jars of $name: install Java 17 and Maven (Debian: apt-get install openjdk-17-jdk-headless maven)"
    return
  fi
  echo "Getting the jars of $name ..." >&2
  rm -rf "$folder"
  if mvn --batch-mode --quiet --no-transfer-progress --file "$pom" "$@" "-Djars=$folder" "-DoutputDirectory=$folder"; then
    rm -f "$folder"/original-*.jar # what was merged into another
    cp "$pom" "$folder/.complete"
  else
    missing "the jars of $name: 'mvn --file $pom $*' failed, see above"
  fi
}

# npm_packages: what the tests of the sandbox take from npm, in the locked versions.
npm_packages() {
  command -v npm > /dev/null || { missing "Node.js with npm: runs Customer.io's client and checks pages with axe-core"; return; }
  local folder=tests/integration/npm
  cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed" && return
  npm ci --prefix "$folder" --no-audit --no-fund --loglevel=error > /dev/null &&
    cp "$folder/package-lock.json" "$folder/node_modules/.installed" || missing "packages from npm: 'npm ci' failed, see above"
}

go_programs
npm_packages
debian_package setpriv util-linux
debian_package java openjdk-17-jdk-headless
debian_package mvn maven
jars flink flink/pom.xml package
jars kafka tests/integration/kafka/pom.xml dependency:copy-dependencies -DincludeScope=runtime
debian_package redis-server redis-server
debian_package chromium chromium
debian_package chromedriver chromium-driver

[ ${#missing[@]} -eq 0 ] || exit 1
