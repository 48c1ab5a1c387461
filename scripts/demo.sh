#!/usr/bin/env bash
# Starts a platform on a free port with a temporary data folder, runs examples/digits on it, and takes it down again.
# KEEP=1 leaves it running. Ctrl-C at any moment stops everything that was started here.
set -euo pipefail
wingbeat=${1:?usage: scripts/demo.sh WINGBEAT PYTHON}
python=${2:?usage: scripts/demo.sh WINGBEAT PYTHON}
keep=${KEEP:-}

folder=$(mktemp -d "${TMPDIR:-/tmp}/wingbeat-demo.XXXXXX")
log=$folder/up.log
: >"$log"
platform=

take_down() {
    status=$?
    trap - EXIT INT TERM
    if [ -n "$platform" ] && kill -TERM "$platform" 2>/dev/null; then
        wait "$platform" 2>/dev/null || true
    fi
    rm -rf "$folder"
    exit "$status"
}
trap take_down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A session of its own: with KEEP=1 it outlives this shell, and a Ctrl-C reaches it only through the trap above.
setsid "$wingbeat" up --data "$folder/data" --listen 127.0.0.1:0 --python "$(realpath -s "$python")" >"$log" 2>&1 &
platform=$!

address=
for _ in $(seq 300); do
    address=$(sed -nE 's|^Wingbeat is ready at (http://[^ ]+).*|\1|p' "$log" | head -n 1)
    [ -n "$address" ] && break
    kill -0 "$platform" 2>/dev/null || break
    sleep 0.1
done
if [ -z "$address" ]; then
    echo "the platform did not start; it said:" >&2
    cat "$log" >&2
    exit 1
fi
cat "$log"

status=0
# The report goes where everything else of the demo goes, and with it when the platform is taken down.
"$python" examples/digits/run.py --endpoint "localhost:${address##*:}" --timeout 900 \
    --report "$folder/report.html" || status=$?
if [ "$status" -ne 0 ]; then
    echo "the demo failed; the last lines of the platform:" >&2
    tail -n 30 "$log" >&2
    exit "$status"
fi

if [ "$keep" = 1 ]; then
    trap - EXIT INT TERM
    echo
    echo "The platform is still running at $address. To look around:"
    echo "  WINGBEAT_ENDPOINT=$address $wingbeat get run"
    echo "To stop it:              kill $platform"
    echo "To remove its data then: rm -rf $folder"
fi
