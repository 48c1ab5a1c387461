/** What two runs are compared by, however large they are. */
import { Link } from "@tanstack/react-router";
import { type JSX, type ReactNode, useMemo } from "react";

import { type RunInfo, useActionData, useActionDetails, useRunInfo } from "../../api/run";
import { plain } from "../../lib/ansi";
import { differences, plainValues, specOf } from "../../lib/compare";
import { headline } from "../../lib/failure";
import type { ActionRow, RunKey, TaskRef } from "../../lib/model";
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
      <Elapsed from={root.createdAt} to={root.endedAt} running={!isOver(root.phase)} />
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
  const data = useBoth(useActionData(left.key, left.root), useActionData(right.key, right.root));
  const specs = useBoth(useActionDetails(left.key, left.root), useActionDetails(right.key, right.root));
  const infos = useBoth(useRunInfo(left.key), useRunInfo(right.key));
  const runs = { left: left.key.run, right: right.key.run };
  const [before, after] = [left.root.task, right.root.task];
  // Large values are compared once, and not with every change of a run that goes on.
  const inputs = useMemo(() => data.both && differences(plainValues(data.both.left.inputs), plainValues(data.both.right.inputs)), [data.both]);
  const outputs = useMemo(() => data.both && differences(plainValues(data.both.left.outputs), plainValues(data.both.right.outputs)), [data.both]);
  const settings = useMemo(() => infos.both && differences(settingsOf(before, infos.both.left), settingsOf(after, infos.both.right)), [infos.both, before, after]);
  const spec = useMemo(() => specs.both && differences(specOf(specs.both.left.raw), specOf(specs.both.right.raw)), [specs.both]);
  return (
    <>
      <Differences title="Inputs" runs={runs} compared={inputs} problem={data.problem} onRetry={data.onRetry} />
      <Differences title="Outputs" runs={runs} compared={outputs} problem={data.problem} onRetry={data.onRetry} />
      <Differences title="Task and settings of the run" runs={runs} compared={settings} problem={infos.problem} onRetry={infos.onRetry} />
      <Differences title="Specification" runs={runs} compared={spec} problem={specs.problem} onRetry={specs.onRetry} />
    </>
  );
}

function settingsOf(task: TaskRef | undefined, { labels, envs, queue, concurrency, overwritesCache }: RunInfo): unknown {
  return { task: task && { name: task.name, version: task.version }, labels, envs: Object.fromEntries(envs.map(({ key, value }) => [key, value])), queue, actionsAtOnce: concurrency, overwritesCache };
}

interface Asked<T> {
  readonly data: T | undefined;
  readonly error: Error | null;
  readonly refetch: () => unknown;
}

/** What was asked of both runs, when both have answered. */
function useBoth<T>(left: Asked<T>, right: Asked<T>) {
  const [before, after] = [left.data, right.data];
  const both = useMemo(() => (before === undefined || after === undefined ? undefined : { left: before, right: after }), [before, after]);
  const onRetry = (): void => {
    for (const one of [left, right]) if (one.error !== null) void one.refetch();
  };
  return { both, problem: left.error ?? right.error, onRetry };
}

interface Caused {
  readonly key: RunKey;
  /** Where its failure began. */
  readonly cause: ActionRow | undefined;
}

export function Causes({ left, right }: { readonly left: Caused; readonly right: Caused }): JSX.Element | null {
  const [before, after] = [useError(left), useError(right)];
  if (before === undefined && after === undefined) return null;
  return <Differences title="Root cause" runs={{ left: left.key.run, right: right.key.run }} compared={differences({ action: before?.action, error: before?.error }, { action: after?.action, error: after?.error })} problem={null} onRetry={() => undefined} />;
}

function useError({ key, cause }: Caused): { readonly action: string; readonly error: string } | undefined {
  const details = useActionDetails(key, cause).data;
  if (cause === undefined || details === undefined) return undefined;
  const failure = details.failure ?? details.attempts.at(-1)?.failure;
  return { action: cause.title, error: headline(plain(failure?.message ?? "")).first };
}
