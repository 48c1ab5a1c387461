/** Two runs side by side: only what is different. */
import { Link } from "@tanstack/react-router";
import { type JSX, useEffect, useMemo, useState } from "react";

import { useRunActions } from "../../api/run";
import { ROOT, useActionNow, useReading } from "../../api/run-view";
import { useTaskRuns } from "../../api/runs";
import { problemOf } from "../../api/transport";
import { taskChanges } from "../../lib/compare";
import type { RunKey } from "../../lib/model";
import { isOver } from "../../lib/phase";
import { rootCause } from "../../lib/tree";
import { PhaseBadge } from "../../ui/phase";
import { Empty, Failed, Loading } from "../../ui/states";
import { Elapsed, When } from "../../ui/when";
import { useTitle } from "../../ui/title";
import { CompareLarge } from "./compare-large";
import { Causes, Head, Heads, RunLink, Values } from "./compare-parts";
import { TaskTable } from "./task-table";

interface Props {
  readonly runKey: RunKey;
  readonly other: string | undefined;
}

export function ComparePage({ runKey, other }: Props): JSX.Element {
  useTitle("Compare", other === undefined ? runKey.run : `${runKey.run} with ${other}`);
  return (
    <div className="page">
      <h1>Compare runs</h1>
      {other === undefined ? <Choose runKey={runKey} /> : <Both left={runKey} right={{ ...runKey, run: other }} />}
    </div>
  );
}

/** Which run to compare with: others of the same task. */
function Choose({ runKey }: { readonly runKey: RunKey }): JSX.Element {
  const root = useActionNow(runKey, ROOT);
  if (root.data === undefined) return root.isError ? <Failed problem={problemOf(root.error)} onRetry={() => void root.refetch()} /> : <Loading what="the run" />;
  return <Choices runKey={runKey} task={root.data.task?.name ?? ""} />;
}

function Choices({ runKey, task }: { readonly runKey: RunKey; readonly task: string }): JSX.Element {
  const found = useTaskRuns(runKey, task);
  const runs = found.data?.filter((run) => run.run !== runKey.run);
  if (found.isError && runs === undefined) return <Failed problem={problemOf(found.error)} onRetry={() => void found.refetch()} />;
  if (task === "") return <Empty title="Only runs of tasks can be compared" />;
  if (runs === undefined) return <Loading what="runs" />;
  if (runs.length === 0) return <Empty title="This task has no other run" />;
  return (
    <section className="card stack" aria-label="other runs">
      <p>
        Compare <RunLink runKey={runKey} /> with another run of <code>{task}</code>:
      </p>
      <ul className="stack" style={{ gap: 8 }}>
        {runs.map((run) => (
          <li key={run.run} className="line wrap" data-walk>
            <Link className="mono" to="/domain/$domain/project/$project/runs/$run/compare" params={runKey} search={{ with: run.run }}>
              {run.run}
            </Link>
            <PhaseBadge phase={run.phase} />
            <Elapsed from={run.createdAt} to={run.endedAt} running={!isOver(run.phase)} />
            <span className="soft">
              <When at={run.createdAt} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface Two {
  readonly left: RunKey;
  readonly right: RunKey;
}

/** Decides how they are read: all actions of both or, when one of them has very many, the server's sums. */
function Both({ left, right }: Two): JSX.Element {
  const [before, after] = [useReading(left), useReading(right)];
  const [grown, setGrown] = useState(false);
  if (before === undefined || after === undefined) return <Loading what="the runs" rows={8} />;
  if (grown || before.windowed || after.windowed) return <CompareLarge left={left} right={right} />;
  return <CompareWhole left={left} right={right} most={Math.min(before.most, after.most)} onGrown={() => setGrown(true)} />;
}

function CompareWhole({ left, right, most, onGrown }: Two & { readonly most: number; readonly onGrown: () => void }): JSX.Element {
  const [before, after] = [useRunActions(left), useRunActions(right)];
  const tooMany = Math.max(before.actions.length, after.actions.length) > most;
  useEffect(() => {
    if (tooMany) onGrown();
  }, [tooMany, onGrown]);
  const changes = useMemo(() => taskChanges(before.actions, after.actions), [before.actions, after.actions]);
  const causes = useMemo(() => [rootCause(before.actions), rootCause(after.actions)] as const, [before.actions, after.actions]);
  for (const one of [before, after]) if (one.state === "refused" && one.problem !== undefined) return <Failed problem={one.problem} onRetry={one.onRetry} />;
  const [first, second] = [before, after].map((one) => one.actions.find((action) => action.parent === ""));
  if (first === undefined || second === undefined) return <Loading what="the runs" rows={8} />;
  return (
    <>
      <Heads left={<Head runKey={left} root={first} />} right={<Head runKey={right} root={second} />} swap={{ left, right }} />
      <Values left={{ key: left, root: first }} right={{ key: right, root: second }} />
      <Causes left={{ key: left, cause: causes[0] }} right={{ key: right, cause: causes[1] }} />
      <TaskTable changes={changes} />
    </>
  );
}
