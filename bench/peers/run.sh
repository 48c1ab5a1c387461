#!/usr/bin/env bash
# Measures Wingbeat and its peers one after the other on this machine: the same chain and the same fan-out.
# Installs the peers below .cache/peers. Prints one JSON object a line, with the machine's load before each system.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
cache=$root/.cache/peers
wingbeat=${WINGBEAT_BIN:-$root/target/release/wingbeat}
[ -x "$wingbeat" ] || { echo "$wingbeat is not there: cargo build --release --workspace --bins, or set WINGBEAT_BIN" >&2; exit 2; }
mkdir -p "$cache"

# An environment in .cache/peers with what a file lists, made anew when the list has changed.
environment() {
    [ -x "$cache/$1/bin/python" ] || "${PYTHON:-python3}" -m venv "$cache/$1"
    cmp -s "bench/peers/$2" "$cache/$1/installed" || {
        "$cache/$1/bin/pip" install -q -r "bench/peers/$2"
        cp "bench/peers/$2" "$cache/$1/installed"
    }
}
environment venv requirements.txt
environment prefect prefect-requirements.txt
python=$cache/venv/bin/python
[ -x "$cache/node_modules/.bin/restate-server" ] \
    || npm install --silent --no-audit --no-fund --prefix "$cache" @restatedev/restate-server@1

scratch=$(mktemp -d)
pids=()
clean_up() {
    for pid in "${pids[@]}"; do kill -INT "$pid" 2>/dev/null && wait "$pid" || true; done
    rm -rf "$scratch"
}
trap clean_up EXIT

load() { echo "{\"bench\":\"peers\",\"system\":\"$1\",\"load_before\":$(cut -d' ' -f1 /proc/loadavg)}"; }

load wingbeat
"$wingbeat" up --data "$scratch/wingbeat" --listen 127.0.0.1:0 --python "$cache/venv" >"$scratch/up" 2>"$scratch/up.err" &
pids+=($!)
for _ in $(seq 100); do grep -q "is ready at" "$scratch/up" && break; sleep 0.1; done
address=$(sed -n 's|.*is ready at http://||p' "$scratch/up")
(cd bench/peers && HOME=$scratch "$python" wingbeat_peer.py "$address" "$("$wingbeat" --version), SQLite with synchronous=FULL")
kill -INT "${pids[0]}" && wait "${pids[0]}" || true
pids=()

load restate
(cd bench/peers && "$python" restate_peer.py "$cache/node_modules/.bin/restate-server")

load dbos
postgres=$(scripts/postgres.sh | sed -n "s/^postgres: \(installed \)\?//p")
as_owner() { if [ "$(id -u)" = 0 ]; then su -s /bin/sh postgres -c "$1"; else sh -c "$1"; fi; }
mkdir "$scratch/pg" && { [ "$(id -u)" != 0 ] || chown postgres "$scratch" "$scratch/pg"; }
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
as_owner "$postgres/initdb -D $scratch/pg -U bench -A trust >/dev/null"
as_owner "$postgres/pg_ctl -D $scratch/pg -o '-p $port -k $scratch/pg -h 127.0.0.1' -w -l $scratch/pg/log start >/dev/null"
"$postgres/createdb" -h 127.0.0.1 -p "$port" -U bench bench
(cd bench/peers && "$python" dbos_peer.py "postgresql://bench@127.0.0.1:$port/bench") || status=$?
as_owner "$postgres/pg_ctl -D $scratch/pg -m fast -w stop >/dev/null"

load prefect
mkdir "$scratch/prefect"
(cd bench/peers && "$cache/prefect/bin/python" prefect_peer.py "$scratch/prefect") || status=$?
exit "${status:-0}"
