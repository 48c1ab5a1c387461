"""Which model reads handwritten digits best? A sweep over a grid of scikit-learn models.

The workflow loads the 1,797 pictures that ship inside scikit-learn, splits them, trains every
model of the grid in a process of its own, tests the best one and draws a report. It is plain
Flyte 2: nothing in it knows which server it runs on.
"""

import functools
import html
import io
import time
from dataclasses import dataclass, field

import flyte
import flyte.report
from flyte.io import File

env = flyte.TaskEnvironment(
    "digits",
    # Two processes at work need not fight for cores inside their linear algebra.
    env_vars={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
)


@dataclass
class Candidate:
    """A model of the grid."""

    kind: str
    setting: float

    @property
    def title(self) -> str:
        return f"{self.kind}, {SETTINGS[self.kind]}={self.setting:g}"


@dataclass
class Split:
    """The pictures to learn from and the ones to be examined with, each a NumPy archive."""

    train: File
    test: File


@dataclass
class Score:
    candidate: Candidate
    accuracy: float
    seconds: float


@dataclass
class Exam:
    """How the best model did on pictures that no model had seen."""

    accuracy: float
    confusion: list[list[int]] = field(default_factory=list)


@dataclass
class Result:
    scores: list[Score]
    exam: Exam

    @property
    def best(self) -> Score:
        return self.scores[0]


SETTINGS = {"support vectors": "C", "nearest neighbours": "k", "random forest": "trees", "logistic regression": "C"}
GRID = [
    *(Candidate("support vectors", c) for c in (0.1, 1, 10)),
    *(Candidate("nearest neighbours", k) for k in (1, 3, 9)),
    *(Candidate("random forest", trees) for trees in (10, 100)),
    *(Candidate("logistic regression", c) for c in (0.01, 1)),
]


def build(candidate: Candidate):
    """The scikit-learn model for a candidate."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC

    if candidate.kind == "support vectors":
        return SVC(C=candidate.setting, gamma=0.001)
    if candidate.kind == "nearest neighbours":
        return KNeighborsClassifier(n_neighbors=int(candidate.setting))
    if candidate.kind == "random forest":
        return RandomForestClassifier(n_estimators=int(candidate.setting), random_state=0)
    return LogisticRegression(C=candidate.setting, max_iter=500)


async def save(name: str, **arrays) -> File:
    """Writes arrays as one file that other tasks can read."""
    import numpy as np

    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    file = File.new_remote(name)
    async with file.open("wb") as out:
        await out.write(buffer.getvalue())
    return file


async def read(file: File):
    """Pictures and labels of a file that `save` wrote."""
    import numpy as np

    async with file.open("rb") as data:
        arrays = np.load(io.BytesIO(bytes(await data.read())))
    return arrays["pictures"], arrays["labels"]


@env.task(cache="auto")
async def load() -> File:
    """The pictures, 8 x 8 grey values each, and what they show."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return await save("digits.npz", pictures=digits.data, labels=digits.target)


@env.task(cache="auto")
async def split(digits: File, test_share: float) -> Split:
    """Sets a share of the pictures aside for the exam."""
    from sklearn.model_selection import train_test_split

    pictures, labels = await read(digits)
    parts = train_test_split(pictures, labels, test_size=test_share, stratify=labels, random_state=0)
    return Split(
        train=await save("train.npz", pictures=parts[0], labels=parts[2]),
        test=await save("test.npz", pictures=parts[1], labels=parts[3]),
    )


@env.task(cache="auto")
async def train(candidate: Candidate, data: Split) -> Score:
    """Scores one model of the grid by cross-validation."""
    from sklearn.model_selection import cross_val_score

    started = time.perf_counter()
    pictures, labels = await read(data.train)
    accuracy = cross_val_score(build(candidate), pictures, labels, cv=4).mean()
    seconds = time.perf_counter() - started
    print(f"{candidate.title}: {accuracy:.2%} in {seconds:.1f} s")
    return Score(candidate, float(accuracy), seconds)


@env.task(retries=2)
async def examine(best: Candidate, data: Split) -> Exam:
    """Tests the best model on the pictures set aside. Its first attempt fails, to show a retry."""
    from sklearn.metrics import accuracy_score, confusion_matrix

    if flyte.ctx().attempt_number == 0:
        raise ConnectionError("the examiner was out for lunch (on purpose: the next attempt succeeds)")
    model = build(best).fit(*await read(data.train))
    pictures, labels = await read(data.test)
    guesses = model.predict(pictures)
    return Exam(float(accuracy_score(labels, guesses)), confusion_matrix(labels, guesses).tolist())


@env.task(report=True)
async def sweep(test_share: float = 0.25) -> Result:
    """The whole workflow: load, split, train every model, examine the best, report."""
    data = await split(await load(), test_share)
    training = flyte.map.aio(
        functools.partial(train, data=data), GRID, group_name="grid", return_exceptions=False
    )
    scores = sorted([score async for score in training], key=lambda score: -score.accuracy)
    result = Result(scores, await examine(scores[0].candidate, data))
    await flyte.report.replace.aio(render(result), do_flush=True)
    return result


def render(result: Result) -> str:
    """The report: what won, a plot, and every score."""
    rows = "".join(
        f"<tr><td>{html.escape(score.candidate.title)}</td>"
        f"<td align='right'>{score.accuracy:.2%}</td><td align='right'>{score.seconds:.1f} s</td></tr>"
        for score in result.scores
    )
    return (
        f"<h1>{html.escape(result.best.candidate.title)}</h1>"
        f"<p>reads {result.exam.accuracy:.1%} of the digits it had never seen.</p>"
        f"{plot(result)}"
        f"<table cellpadding='6'><tr><th>model</th><th>accuracy</th><th>time</th></tr>{rows}</table>"
    )


def plot(result: Result) -> str:
    """Accuracy of every model, and which digits the best one mistakes for which, as SVG."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    titles = [score.candidate.title for score in result.scores][::-1]
    values = [100 * score.accuracy for score in result.scores][::-1]
    bars = left.barh(titles, values, color=["#9db4c8"] * (len(values) - 1) + ["#1f6f8b"])
    left.bar_label(bars, fmt="%.1f", padding=3)
    left.set_xlim(min(values) - 3, 101)
    left.set_xlabel("accuracy in cross-validation, %")
    right.imshow(result.exam.confusion, cmap="Blues")
    right.set_xticks(range(10))
    right.set_yticks(range(10))
    right.set_xlabel("read as")
    right.set_ylabel("written")
    for row, counts in enumerate(result.exam.confusion):
        for column, count in enumerate(counts):
            if count:
                right.text(column, row, count, ha="center", va="center", color="white" if count > 20 else "black")
    drawing = io.StringIO()
    figure.savefig(drawing, format="svg")
    plt.close(figure)
    return drawing.getvalue()[drawing.getvalue().index("<svg") :]
