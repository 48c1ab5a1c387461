"""What every system is asked to do, and how a figure is printed."""

import json
import statistics
import time

STEPS = 40
FAN_OUT = 200
REPEATS = 5


def tell(system: str, measure: str, value: float, unit: str, settings: str) -> None:
    line = {"bench": "peers", "system": system, "measure": measure, "value": round(value, 2), "unit": unit}
    print(json.dumps(line | {"settings": settings}), flush=True)


def timed(call) -> float:
    """Seconds; the median of some calls after one that warms up."""
    call()
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def measure(system: str, settings: str, calls: dict) -> None:
    """`calls`: of `steps`, `chain` and `fan_out`, those that the system has."""
    if "steps" in calls:
        took = timed(lambda: calls["steps"](STEPS))
        tell(system, "a step in the same process, in a chain of 40", took / STEPS * 1_000, "ms", settings)
    if "chain" in calls:
        took = timed(lambda: calls["chain"](STEPS))
        tell(system, "a dispatched call, in a chain of 40", took / STEPS * 1_000, "ms", settings)
    if "fan_out" in calls:
        took = timed(lambda: calls["fan_out"](FAN_OUT))
        tell(system, "dispatched calls, a fan-out of 200", FAN_OUT / took, "1/s", settings)
