/** What two runs are compared by, however large they are. */
import { Link } from "@tanstack/react-router";
import type { JSX, ReactNode } from "react";

import { useActionData, useActionDetails, useRunInfo } from "../../api/run";
import { plain } from "../../lib/ansi";
import { differences, plainValues, specOf } from "../../lib/compare";
import { headline } from "../../lib/failure";
import type { ActionRow, RunKey } from "../../lib/model";
import { isOver } from "../../lib/phase";
import { PhaseBadge } from "../../ui/phase";
import { Elapsed } from "../../ui/when";
import { Differences } from "./differences";

export function Heads({ left, right, swap }: { readonly left: ReactNode; readonly right: ReactNode; readonly swap: { readonly left: RunKey; readonly right: RunKey } }): JSX.Element {
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

export function Head({ runKey, root }: { readonly runKey: RunKey; readonly root: ActionRow }): JSX.Element {
  return (
    <span className="line wrap">
      <strong>{root.title}</strong> <RunLink runKey={runKey} />
      <PhaseBadge phase={root.phase} />
      <Elapsed from={root.startedAt} to={root.endedAt} running={!isOver(root.phase)} />
    </span>
  );
}

export function RunLink({ runKey }: { readonly runKey: RunKey }): JSX.Element {
  return (
    <Link className="mono" to="/domain/$domain/project/$project/runs/$run" params={runKey}>
      {runKey.run}
    </Link>
  );
}

export interface Side {
  readonly key: RunKey;
  readonly root: ActionRow;
}

export function Values({ left, right }: { readonly left: Side; readonly right: Side }): JSX.Element {
  const [before, after] = [useActionData(left.key, left.root), useActionData(right.key, right.root)];
  const specs = [useActionDetails(left.key, left.root).data, useActionDetails(right.key, right.root).data] as const;
  const infos = [useRunInfo(left.key).data, useRunInfo(right.key).data] as const;
  const runs = { left: left.key.run, right: right.key.run };
  const settings = infos.map((info) => info && { labels: info.labels, envs: Object.fromEntries(info.envs.map(({ key, value }) => [key, value])), queue: info.queue, actionsAtOnce: info.concurrency, overwritesCache: info.overwritesCache });
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

interface Caused {
  readonly key: RunKey;
  /** Where its failure began. */
  readonly cause: ActionRow | undefined;
}

export function Causes({ left, right }: { readonly left: Caused; readonly right: Caused }): JSX.Element | null {
  const [before, after] = [useError(left), useError(right)];
  if (before === undefined && after === undefined) return null;
  return <Differences title="Root cause" runs={{ left: left.key.run, right: right.key.run }} found={differences({ action: before?.action, error: before?.error }, { action: after?.action, error: after?.error })} problem={null} />;
}

function useError({ key, cause }: Caused): { readonly action: string; readonly error: string } | undefined {
  const details = useActionDetails(key, cause).data;
  if (cause === undefined || details === undefined) return undefined;
  const failure = details.failure ?? details.attempts.at(-1)?.failure;
  return { action: cause.title, error: headline(plain(failure?.message ?? "")).first };
}
