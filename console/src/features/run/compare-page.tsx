/** Two runs side by side: only what is different. */
import { Link } from "@tanstack/react-router";
import type { JSX, ReactNode } from "react";

import { useActionData, useActionDetails, useRunActions, useRunInfo } from "../../api/run";
import { useTaskRuns } from "../../api/runs";
import { plain } from "../../lib/ansi";
import { differences, plainValues, specOf } from "../../lib/compare";
import { headline } from "../../lib/failure";
import type { ActionRow, RunKey } from "../../lib/model";
import { isOver } from "../../lib/phase";
import { rootCause } from "../../lib/tree";
import { PhaseBadge } from "../../ui/phase";
import { Empty, Failed, Loading } from "../../ui/states";
import { Elapsed, When } from "../../ui/when";
import { Differences } from "./differences";
import { TaskTable } from "./task-table";

interface Props {
  readonly runKey: RunKey;
  readonly other: string | undefined;
}

export function ComparePage({ runKey, other }: Props): JSX.Element {
  return (
    <div className="page">
      <h1>Compare runs</h1>
      {other === undefined ? <Choose runKey={runKey} /> : <Both left={runKey} right={{ ...runKey, run: other }} />}
    </div>
  );
}

/** Which run to compare with: others of the same task. */
function Choose({ runKey }: { readonly runKey: RunKey }): JSX.Element {
  const { actions, state, problem } = useRunActions(runKey);
  const root = actions.find((action) => action.parent === "");
  if (state === "refused" && problem !== undefined) return <Failed problem={problem} />;
  if (root === undefined) return <Loading what="the run" />;
  return <Choices runKey={runKey} task={root.task?.name ?? ""} />;
}

function Choices({ runKey, task }: { readonly runKey: RunKey; readonly task: string }): JSX.Element {
  const runs = useTaskRuns(runKey, task).data?.filter((run) => run.run !== runKey.run);
  if (runs === undefined) return <Loading what="runs" />;
  if (runs.length === 0) return <Empty title="This task has no other run" />;
  return (
    <section className="card stack" aria-label="other runs">
      <p>
        Compare <RunLink runKey={runKey} /> with another run of <code>{task}</code>:
      </p>
      <ul className="stack" style={{ gap: 8 }}>
        {runs.map((run) => (
          <li key={run.run} className="line wrap">
            <Link className="mono" to="/domain/$domain/project/$project/runs/$run/compare" params={runKey} search={{ with: run.run }}>
              {run.run}
            </Link>
            <PhaseBadge phase={run.phase} />
            <Elapsed from={run.startedAt} to={run.endedAt} running={!isOver(run.phase)} />
            <span className="soft">
              <When at={run.startedAt} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Both({ left, right }: { readonly left: RunKey; readonly right: RunKey }): JSX.Element {
  const [before, after] = [useRunActions(left), useRunActions(right)];
  for (const one of [before, after]) if (one.state === "refused" && one.problem !== undefined) return <Failed problem={one.problem} />;
  const roots = [before, after].map((one) => one.actions.find((action) => action.parent === ""));
  const [first, second] = roots;
  if (first === undefined || second === undefined) return <Loading what="the runs" rows={8} />;
  return (
    <>
      <Heads left={<Head runKey={left} root={first} />} right={<Head runKey={right} root={second} />} swap={{ left, right }} />
      <Values left={{ key: left, root: first }} right={{ key: right, root: second }} />
      <Errors left={{ key: left, actions: before.actions }} right={{ key: right, actions: after.actions }} />
      <TaskTable left={before.actions} right={after.actions} />
    </>
  );
}

function Heads({ left, right, swap }: { readonly left: ReactNode; readonly right: ReactNode; readonly swap: { readonly left: RunKey; readonly right: RunKey } }): JSX.Element {
  return (
    <div className="card line wrap" style={{ gap: "8px 24px" }}>
      {left}
      <span className="soft">with</span>
      {right}
      <span className="grow" />
      <Link className="button" to="/domain/$domain/project/$project/runs/$run/compare" params={swap.right} search={{ with: swap.left.run }}>
        Swap
      </Link>
      <Link className="button" to="/domain/$domain/project/$project/runs/$run/compare" params={swap.left}>
        Another run
      </Link>
    </div>
  );
}

function Head({ runKey, root }: { readonly runKey: RunKey; readonly root: ActionRow }): JSX.Element {
  return (
    <span className="line wrap">
      <strong>{root.title}</strong> <RunLink runKey={runKey} />
      <PhaseBadge phase={root.phase} />
      <Elapsed from={root.startedAt} to={root.endedAt} running={!isOver(root.phase)} />
    </span>
  );
}

function RunLink({ runKey }: { readonly runKey: RunKey }): JSX.Element {
  return (
    <Link className="mono" to="/domain/$domain/project/$project/runs/$run" params={runKey}>
      {runKey.run}
    </Link>
  );
}

interface Side {
  readonly key: RunKey;
  readonly root: ActionRow;
}

function Values({ left, right }: { readonly left: Side; readonly right: Side }): JSX.Element {
  const [before, after] = [useActionData(left.key, left.root), useActionData(right.key, right.root)];
  const specs = [useActionDetails(left.key, left.root).data, useActionDetails(right.key, right.root).data] as const;
  const infos = [useRunInfo(left.key).data, useRunInfo(right.key).data] as const;
  const runs = { left: left.key.run, right: right.key.run };
  const settings = infos.map((info) => info && { labels: info.labels, envs: Object.fromEntries(info.envs.map(({ key, value }) => [key, value])), actionsAtOnce: info.concurrency, overwritesCache: info.overwritesCache });
  const tasks = [left.root.task, right.root.task].map((task) => task && { name: task.name, version: task.version });
  return (
    <>
      <Differences title="Inputs" runs={runs} found={before.data && after.data && differences(plainValues(before.data.inputs), plainValues(after.data.inputs))} problem={before.error ?? after.error} />
      <Differences title="Outputs" runs={runs} found={before.data && after.data && differences(plainValues(before.data.outputs), plainValues(after.data.outputs))} problem={before.error ?? after.error} />
      <Differences title="Task and settings of the run" runs={runs} found={settings[0] && settings[1] && differences({ task: tasks[0], ...settings[0] }, { task: tasks[1], ...settings[1] })} problem={null} />
      <Differences title="Specification" runs={runs} found={specs[0] && specs[1] && differences(specOf(specs[0].raw), specOf(specs[1].raw))} problem={null} />
    </>
  );
}

interface ErrorSide {
  readonly key: RunKey;
  readonly actions: readonly ActionRow[];
}

function Errors({ left, right }: { readonly left: ErrorSide; readonly right: ErrorSide }): JSX.Element | null {
  const [before, after] = [useCause(left), useCause(right)];
  if (before === undefined && after === undefined) return null;
  return <Differences title="Root cause" runs={{ left: left.key.run, right: right.key.run }} found={differences({ action: before?.action, error: before?.error }, { action: after?.action, error: after?.error })} problem={null} />;
}

function useCause({ key, actions }: ErrorSide): { readonly action: string; readonly error: string } | undefined {
  const cause = rootCause(actions);
  const details = useActionDetails(key, cause).data;
  if (cause === undefined || details === undefined) return undefined;
  const failure = details.failure ?? details.attempts.at(-1)?.failure;
  return { action: cause.title, error: headline(plain(failure?.message ?? "")).first };
}
