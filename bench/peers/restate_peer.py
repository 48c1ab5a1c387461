"""Restate: its server from npm, and one service behind it. `python restate_peer.py PATH-OF-restate-server`."""

import importlib.metadata
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import restate

import figures

bench = restate.Service("bench")


@bench.handler()
async def leaf(ctx: restate.Context, n: int) -> int:
    return n + 1


@bench.handler()
async def steps(ctx: restate.Context, count: int) -> int:
    value = 0
    for _ in range(count):
        value = await ctx.run_typed("step", lambda: value + 1)
    return value


@bench.handler()
async def chain(ctx: restate.Context, count: int) -> int:
    value = 0
    for _ in range(count):
        value = await ctx.service_call(leaf, arg=value)
    return value


@bench.handler()
async def fan_out(ctx: restate.Context, count: int) -> int:
    calls = [ctx.service_call(leaf, arg=n) for n in range(count)]
    return sum([await call for call in calls])


app = restate.app([bench])


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def main(server: str) -> None:
    ingress, admin, node, service = (free_port() for _ in range(4))
    with tempfile.TemporaryDirectory() as data:
        environment = os.environ | {
            "RESTATE_BASE_DIR": data,
            "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{ingress}",
            "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{admin}",
            "RESTATE_BIND_ADDRESS": f"127.0.0.1:{node}",
            "RESTATE_ADVERTISED_ADDRESS": f"http://127.0.0.1:{node}",
            "RESTATE_DISABLE_TELEMETRY": "true",
        }
        log = open(Path(data) / "log", "wb")
        workers = [sys.executable, "-m", "hypercorn", "-b", f"127.0.0.1:{service}", "restate_peer:app"]
        processes = [
            subprocess.Popen([server], env=environment, stdout=log, stderr=log),
            subprocess.Popen(workers, stdout=log, stderr=log),
        ]
        try:
            run(ingress, admin, service, server)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(20)


def run(ingress: int, admin: int, service: int, server: str) -> None:
    with httpx.Client(timeout=120, trust_env=False) as client:
        deadline = time.monotonic() + 60
        while True:
            try:
                deployment = {"uri": f"http://127.0.0.1:{service}"}
                if client.post(f"http://127.0.0.1:{admin}/deployments", json=deployment).is_success:
                    break
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline:
                raise TimeoutError("restate-server did not take the deployment within 60 s")
            time.sleep(0.2)

        def call(name):
            def invoke(count):
                client.post(f"http://127.0.0.1:{ingress}/bench/{name}", json=count).raise_for_status()

            return invoke

        version = subprocess.run([server, "--version"], capture_output=True, text=True).stdout.split()[-1]
        sdk = importlib.metadata.version("restate-sdk")
        settings = f"restate-server {version}, restate-sdk {sdk}, its defaults (log on disk), one node"
        figures.measure("restate", settings, {name: call(name) for name in ("steps", "chain", "fan_out")})


if __name__ == "__main__":
    main(sys.argv[1])
