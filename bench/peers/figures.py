"""What every system is asked to do, and how a figure is printed."""

import json
import statistics
import time

STEPS = 40


def tell(system: str, measure: str, value: float, unit: str, settings: str) -> None:
    line = {"bench": "peers", "system": system, "measure": measure, "value": round(value, 2), "unit": unit}
    print(json.dumps(line | {"settings": settings}), flush=True)


def timed(call, repeats: int) -> float:
    """Seconds; the median of some calls after one that warms up."""
    call()
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def measure(system: str, settings: str, calls: dict, fan_out: int = 200, repeats: int = 5) -> None:
    """`calls`: of `steps`, `chain` and `fan_out`, those that the system has."""
    if "steps" in calls:
        took = timed(lambda: calls["steps"](STEPS), repeats)
        tell(system, "a step in the same process, in a chain of 40", took / STEPS * 1_000, "ms", settings)
    if "chain" in calls:
        took = timed(lambda: calls["chain"](STEPS), repeats)
        tell(system, "a dispatched call, in a chain of 40", took / STEPS * 1_000, "ms", settings)
    if "fan_out" in calls:
        took = timed(lambda: calls["fan_out"](fan_out), repeats)
        tell(system, f"dispatched calls, a fan-out of {fan_out}", fan_out / took, "1/s", settings)
