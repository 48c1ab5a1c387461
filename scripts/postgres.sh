#!/usr/bin/env bash
# Sees to it that there is a PostgreSQL whose programs the tests can start. Installs Debian's package if it may,
# without a system-wide server: none is created or started.
set -euo pipefail

# As in crates/wingbeat-testkit/src/postgres/server.sh, which starts it.
found() {
    local named folder
    named=$(command -v initdb || true)
    for folder in $(dirname "$(readlink -f "$named")") $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V -r); do
        if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && [ -x "$folder/pg_isready" ] \
            && [ -x "$folder/createdb" ]; then
            echo "$folder"
            return
        fi
    done
    return 1
}

if [ "${WINGBEAT_SKIP_POSTGRES:-}" = 1 ]; then
    echo "postgres: SKIPPED, because WINGBEAT_SKIP_POSTGRES=1 is set; tests on PostgreSQL are left out"
    exit 0
fi
if folder=$(found); then
    echo "postgres: $folder"
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "postgres: there is none, and it cannot be installed from here. Install PostgreSQL 15 or newer (Debian:" >&2
    echo "\`apt-get install postgresql\`), or leave its tests out with WINGBEAT_SKIP_POSTGRES=1." >&2
    exit 1
fi
mkdir -p /etc/postgresql-common
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends postgresql >/dev/null
echo "postgres: installed $(found)"
