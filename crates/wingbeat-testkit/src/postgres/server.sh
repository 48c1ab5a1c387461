#!/bin/sh
# A private PostgreSQL for tests: on a Unix socket in a new folder, gone with whoever started it. The one user is
# wingbeat with the password opensesame; the first argument says how it is asked for (default: password).
#
# Reads commands, one per line, and answers each with one line:
#   create NAME   makes an empty database
#   stop          stops the server as an administrator would
#   kill          stops it as a loss of power would
#   start         starts it again
# At the end of the input, however it came about, the server is stopped and its folder removed.
# The first line says `ready FOLDER`, or `missing` when there is no PostgreSQL on this machine.
#
# Nothing is synced to the disk: what these tests look at survives the end of processes, not of the machine.
set -eu
umask 077

# Distributions put only some of the programs on the path, so those of one folder are taken.
bin=
named=$(command -v initdb 2>/dev/null || true)
for folder in $(dirname "$(readlink -f "$named")") $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V -r); do
    if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && [ -x "$folder/pg_isready" ] \
        && [ -x "$folder/createdb" ]; then
        bin=$folder
        break
    fi
done
if [ -z "$bin" ]; then
    echo missing
    exit 0
fi

# PostgreSQL does not run as root.
user=
if [ "$(id -u)" = 0 ]; then
    user=nobody
    if id postgres >/dev/null 2>&1; then
        user=postgres
    fi
fi
as_user() {
    if [ -n "$user" ]; then
        runuser -u "$user" -- "$@"
    else
        "$@"
    fi
}

folder=$(mktemp -d "${TMPDIR:-/tmp}/wingbeat-postgres.XXXXXX")
server=
clean() {
    if [ -n "$server" ]; then
        stop QUIT
    fi
    rm -rf "$folder"
}
trap clean EXIT
trap '' INT TERM HUP

stop() {
    # The number in the file is the server's; $server may be that of runuser.
    kill -s "$1" "$(head -n 1 "$folder/data/postmaster.pid")" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
}

start() {
    (
        cd "$folder"
        trap - INT TERM HUP
        as_user "$bin/postgres" -D "$folder/data" -c listen_addresses= -c unix_socket_directories="$folder" \
            -c fsync=off -c full_page_writes=off -c shared_buffers=32MB -c max_connections=200 \
            -c log_min_messages=fatal </dev/null >>"$folder/log" 2>&1
    ) &
    server=$!
    tries=0
    until as_user "$bin/pg_isready" -q -h "$folder" -U wingbeat -d postgres; do
        tries=$((tries + 1))
        if [ "$tries" -gt 600 ] || ! kill -0 "$server" 2>/dev/null; then
            cat "$folder/log" >&2
            exit 1
        fi
        sleep 0.05
    done
}

echo opensesame >"$folder/password"
if [ -n "$user" ]; then
    chown -R "$user" "$folder"
fi
cd "$folder"
as_user "$bin/initdb" -D "$folder/data" -U wingbeat -A "${1:-password}" --pwfile="$folder/password" -E UTF8 \
    --locale=C --no-sync >"$folder/initdb.log" 2>&1 || {
    cat "$folder/initdb.log" >&2
    exit 1
}
chmod 755 "$folder"
start
echo "ready $folder"

while read -r command name; do
    case $command in
    create) PGPASSWORD=opensesame "$bin/createdb" -h "$folder" -U wingbeat "$name" </dev/null ;;
    stop) stop INT ;;
    kill) stop QUIT ;;
    start) start ;;
    *)
        echo "unknown: $command" >&2
        exit 1
        ;;
    esac
    echo "done $command"
done
