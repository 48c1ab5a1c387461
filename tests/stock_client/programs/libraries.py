"""Code that imports numeric libraries, as much code of users does."""

import multiprocessing.process
import os
import sys

import flyte
import numpy as np
import pandas as pd
import sklearn.linear_model
import warm

env = flyte.TaskEnvironment("libraries")


@env.task
async def tells_what_it_finds() -> dict[str, str]:
    found = warm.what_is_found()
    own = {name for name in sys.modules if name.partition(".")[0] in ("numpy", "pandas", "sklearn", "scipy", "pyarrow", "joblib")}
    return found | {
        "libraries": repr(sorted(own)),
        "values": repr(sorted((name, value) for name, value in os.environ.items() if name.startswith("KMP_"))),
        "options": repr((np.get_printoptions(), pd.get_option("display.max_rows"), sklearn.get_config())),
        "finders": repr([type(finder).__name__ for finder in sys.meta_path]),
        "errors": repr(np.geterr()),
        "main": repr(sys.modules["__mp_main__"] is sys.modules["__main__"]),
        "elsewhere": repr(multiprocessing.process.ORIGINAL_DIR != os.getcwd()),
    }


@env.task
async def draws() -> list[str]:
    """What no two processes have in common."""
    return [str(np.random.random()), multiprocessing.process.current_process().authkey.hex()]


@env.task
async def fits_and_multiplies(size: int) -> float:
    """Uses the threads of OpenBLAS and of OpenMP."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    square = np.arange(size * size, dtype=float).reshape(size, size) % 7
    labels = [row % 2 for row in range(size)]
    model = HistGradientBoostingClassifier(max_iter=5).fit(square[:, :4], labels)
    line = sklearn.linear_model.LinearRegression().fit(square[:, :2], labels)
    return float((square @ square).sum()) + len(model.predict(square[:, :4])) + len(line.coef_)


@env.task
async def makes_a_frame(rows: int) -> pd.DataFrame:
    return pd.DataFrame({"number": range(rows)})


@env.task
async def sums(frame: pd.DataFrame) -> int:
    return int(frame["number"].sum())


@env.task
async def passes_a_frame_on(rows: int) -> int:
    return await sums(await makes_a_frame(rows))
