"""DBOS on PostgreSQL. `python dbos_peer.py postgresql://USER@HOST:PORT/DATABASE`."""

import importlib.metadata
import sys

from dbos import DBOS

import figures


@DBOS.step()
def step(n: int) -> int:
    return n + 1


@DBOS.workflow()
def leaf(n: int) -> int:
    return n + 1


@DBOS.workflow()
def steps(count: int) -> int:
    value = 0
    for _ in range(count):
        value = step(value)
    return value


@DBOS.workflow()
def chain(count: int) -> int:
    value = 0
    for _ in range(count):
        value = DBOS.start_workflow(leaf, value).get_result()
    return value


@DBOS.workflow()
def fan_out(count: int) -> int:
    handles = [DBOS.start_workflow(leaf, n) for n in range(count)]
    return sum(handle.get_result() for handle in handles)


def main(address: str) -> None:
    DBOS(config={"name": "bench", "system_database_url": address, "run_admin_server": False, "log_level": "ERROR"})
    DBOS.launch()
    version = importlib.metadata.version("dbos")
    settings = f"dbos {version}, PostgreSQL with its defaults (fsync on), workflows in the same process"
    figures.measure("dbos", settings, {"steps": steps, "chain": chain, "fan_out": fan_out})
    DBOS.destroy()


if __name__ == "__main__":
    main(sys.argv[1])
