#!/usr/bin/env bash
# Runs the steps of `make test` in order, or only those named, and stops at the first that fails.
# Each step prints its own runner's output; the last lines say which steps passed and how long they took.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}

step_fmt() { "$cargo" fmt --all --check && echo "fmt: clean"; }
step_tidy() { "$cargo" xtask tidy; }
step_console() {
    # Built before Rust, so that the binary that the other steps test contains it.
    command -v npm >/dev/null || { echo "console: no npm here, skipped"; return; }
    make console && cd console && npm run --silent typecheck && npm run --silent lint && npm run --silent test
}
step_clippy() { "$cargo" clippy --quiet --workspace --exclude wingbeat-proto --all-targets --no-deps -- -D warnings && echo "clippy: no warnings"; }
step_rust() { "$cargo" test --workspace; }
step_build() {
    # With the examples, so that features are those of the tests and nothing is compiled again.
    "$cargo" build --workspace --bins --examples \
        && WINGBEAT_BIN=$PWD/target/debug/wingbeat "$cargo" xtask rpc-coverage --check README.md
}
step_postgres() { scripts/postgres.sh; }
step_venv() { make .venv/.test; }
step_descriptors() {
    # Built by the Rust tests just now; `cargo run` would build the API crate again for itself alone.
    target/debug/examples/descriptors >target/descriptors.binpb \
        && WINGBEAT_DESCRIPTORS=$PWD/target/descriptors.binpb .venv/bin/python -m pytest -q tests/descriptors
}
step_stock_client() {
    WINGBEAT_BIN=$PWD/target/debug/wingbeat .venv/bin/python -m pytest -q tests/stock_client
}
step_browser() {
    command -v npm >/dev/null || { echo "browser: no npm here, skipped"; return; }
    local chromium
    chromium=$(scripts/chromium.sh) || { echo "browser: no chromium here, skipped"; return; }
    (cd console && CHROMIUM=$chromium WINGBEAT_BIN=../target/debug/wingbeat PYTHON=../.venv/bin/python npm run --silent browser)
}

step_chaos() {
    WINGBEAT_BIN=$PWD/target/debug/wingbeat .venv/bin/python tests/chaos/chaos.py --seconds 30
}

all="fmt tidy postgres venv console clippy rust build descriptors stock_client browser chaos"
summary=()
for step in ${*:-$all}; do
    declare -F "step_$step" >/dev/null || { echo "no such step: $step (there are: $all)" >&2; exit 2; }
    echo "==> $step"
    started=$SECONDS
    if ! ("step_$step"); then
        printf '%s\n' "${summary[@]}" "$(printf '%-14s FAILED after %s s' "$step" $((SECONDS - started)))"
        exit 1
    fi
    summary+=("$(printf '%-14s ok %5s s' "$step" $((SECONDS - started)))")
done
echo "==> summary"
printf '%s\n' "${summary[@]}"
