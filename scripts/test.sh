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
    # Two files at a time: much of a test is waiting. A file's tests share platforms, so they stay together.
    WINGBEAT_BIN=$PWD/target/debug/wingbeat .venv/bin/python -m pytest -q -n 2 --dist loadfile tests/stock_client
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

# Steps joined by + run at the same time: one waits (for the network, for a browser, for time to pass) while the other
# computes.
all="fmt postgres tidy+console venv+clippy rust build descriptors stock_client+browser chaos"
summary=()
report() { # name, seconds, exit status
    local how=ok
    [ "$3" = 0 ] || how=FAILED
    summary+=("$(printf '%-14s %-6s %5s s' "$1" "$how" "$2")")
}

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
# What runs in the background does not hear Ctrl-C by itself.
trap 'trap - INT; kill 0' INT

# One step, shown as it goes.
alone() {
    echo "==> $1"
    local started=$SECONDS status=0
    ("step_$1") || status=$?
    report "$1" $((SECONDS - started)) $status
    return $status
}

# Several at once; each is shown when it has ended.
together() {
    local name status=0 seconds result
    for name in "$@"; do
        (
            started=$SECONDS status=0
            ("step_$name") >"$logs/$name" 2>&1 || status=$?
            echo "$((SECONDS - started)) $status" >"$logs/$name.end"
        ) &
    done
    echo "==> $* (at the same time)"
    wait
    for name in "$@"; do
        echo "==> $name"
        cat "$logs/$name"
        read -r seconds result <"$logs/$name.end"
        report "$name" "$seconds" "$result"
        [ "$result" = 0 ] || status=1
    done
    return $status
}

for group in ${*:-$all}; do
    IFS=+ read -r -a steps <<<"$group"
    for step in "${steps[@]}"; do
        declare -F "step_$step" >/dev/null || { echo "no such step: $step (there are: ${all//+/ })" >&2; exit 2; }
    done
    status=0
    if [ ${#steps[@]} = 1 ]; then alone "${steps[0]}" || status=1; else together "${steps[@]}" || status=1; fi
    [ $status = 0 ] || break
done
echo "==> summary"
printf '%s\n' "${summary[@]}"
exit $status
