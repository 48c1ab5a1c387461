/** One task: what it is, its versions, its runs, and the form that starts it. */
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";

import { useTaskRuns } from "../../api/runs";
import { useTask, useVersions, type VersionRow } from "../../api/tasks";
import { problemOf } from "../../api/transport";
import { taskCommand, versionCommand } from "../../lib/command";
import type { RunRow, Scope, TaskRef } from "../../lib/model";
import { isOver } from "../../lib/phase";
import type { TaskSearch } from "../../lib/search";
import { Copy, Tabs } from "../../ui/controls";
import { Interface } from "../../ui/interface";
import { PhaseBadge } from "../../ui/phase";
import { Empty, Failed, Loading } from "../../ui/states";
import { useTitle } from "../../ui/title";
import { Elapsed, When } from "../../ui/when";
import { Durations } from "./durations";
import { LaunchForm } from "./launch-form";

interface Props {
  readonly scope: Scope;
  readonly name: string;
  readonly search: TaskSearch;
  readonly onSearch: (search: { readonly [name in keyof TaskSearch]: TaskSearch[name] | undefined }) => void;
}

const TABS = [
  { id: "about", label: "About" },
  { id: "launch", label: "Start a run" },
  { id: "runs", label: "Runs" },
  { id: "versions", label: "Versions" },
];

export function TaskPage({ scope, name, search, onSearch }: Props): JSX.Element {
  useTitle(name, "task");
  const versions = useVersions(scope, name);
  const version = search.version ?? versions.data?.[0]?.version;
  const tab = TABS.some(({ id }) => id === search.tab) ? (search.tab ?? "about") : "about";
  const ref = version === undefined ? undefined : { ...scope, name, version };
  return (
    <div className="page">
      <div className="heading">
        <h1 className="mono">{name}</h1>
        {versions.data !== undefined && versions.data.length > 0 && version !== undefined && (
          <select aria-label="version" value={version} onChange={(event) => onSearch({ version: event.target.value })}>
            {!versions.data.some((one) => one.version === version) && <option value={version}>{version}</option>}
            {versions.data.map((one) => (
              <option key={one.version} value={one.version}>
                {one.version}
              </option>
            ))}
          </select>
        )}
        <span className="grow" />
        <Copy text={search.version === undefined ? taskCommand(scope, name) : versionCommand(scope, name, search.version)} label="Copy as CLI" />
        <Copy text={`flyte.remote.Task.get(${JSON.stringify(name)}, version=${JSON.stringify(version ?? "")})`} label="Copy as Python" />
      </div>
      <Tabs tabs={TABS} chosen={tab} onChoose={(id) => onSearch({ tab: id === "about" ? undefined : id })} label="about this task" />
      <div role="tabpanel" aria-labelledby={`tab-${tab}`} className="stack">
        {versions.isError && <Failed problem={problemOf(versions.error)} onRetry={() => void versions.refetch()} />}
        {tab === "runs" ? <Runs scope={scope} name={name} /> : tab === "versions" ? <Versions scope={scope} name={name} rows={versions.data ?? []} /> : <OfVersion taskRef={ref} tab={tab} like={search.like} onLike={(like) => onSearch({ like })} loading={versions.isPending} />}
      </div>
    </div>
  );
}

interface OfVersionProps {
  readonly taskRef: TaskRef | undefined;
  readonly tab: string;
  readonly like: string | undefined;
  readonly onLike: (run: string | undefined) => void;
  readonly loading: boolean;
}

function OfVersion({ taskRef, tab, like, onLike, loading }: OfVersionProps): JSX.Element {
  const task = useTask(taskRef);
  if (taskRef === undefined) return loading ? <Loading what="the task" /> : <NotDeployed />;
  if (task.isError) return problemOf(task.error).kind === "missing" ? <NotDeployed /> : <Failed problem={problemOf(task.error)} onRetry={() => void task.refetch()} />;
  if (task.data === undefined) return <Loading what="the task" />;
  if (tab === "launch") return <LaunchForm key={JSON.stringify([taskRef, like])} taskRef={taskRef} like={like} onLike={onLike} />;
  return (
    <section className="card stack" aria-label="about this task">
      <Interface task={task.data.task} />
      <dl className="facts">
        <dt>Environment</dt>
        <dd>{task.data.environment}</dd>
        <dt>Deployed</dt>
        <dd>
          <When at={task.data.deployedAt} /> {task.data.deployedBy !== "" && <span className="soft">by {task.data.deployedBy}</span>}
        </dd>
        <dt>Retries</dt>
        <dd>{task.data.task.retries}</dd>
        <dt>Cache</dt>
        <dd>{task.data.task.cached ? `version ${task.data.task.cacheVersion}` : "off"}</dd>
      </dl>
    </section>
  );
}

function NotDeployed(): JSX.Element {
  return (
    <Empty title="This task is not deployed">
      <p>It ran straight from a file. `flyte deploy` gives it versions and a form; its runs are listed under Runs.</p>
    </Empty>
  );
}

function Runs({ scope, name }: { readonly scope: Scope; readonly name: string }): JSX.Element {
  const runs = useTaskRuns(scope, name);
  if (runs.isError) return <Failed problem={problemOf(runs.error)} onRetry={() => void runs.refetch()} />;
  if (runs.data === undefined) return <Loading what="runs" />;
  if (runs.data.length === 0) return <Empty title="It never ran as a run of its own" />;
  return (
    <>
      <Durations scope={scope} runs={runs.data} />
      <RunTable scope={scope} runs={runs.data} />
    </>
  );
}

function RunTable({ scope, runs }: { readonly scope: Scope; readonly runs: readonly RunRow[] }): JSX.Element {
  return (
    <div className="card" style={{ padding: 0, overflowX: "auto" }}>
      <table className="table folding">
        <thead>
          <tr>
            <th>Run</th>
            <th>Phase</th>
            <th>Duration</th>
            <th>Started</th>
            <th>By</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.run} data-walk>
              <td>
                <Link className="mono" to="/domain/$domain/project/$project/runs/$run" params={{ ...scope, run: run.run }}>
                  {run.run}
                </Link>
              </td>
              <td>
                <PhaseBadge phase={run.phase} />
              </td>
              <td data-label="took">
                <Elapsed from={run.createdAt} to={run.endedAt} running={!isOver(run.phase)} />
              </td>
              <td data-label="started">
                <When at={run.createdAt} />
              </td>
              <td className="soft" data-label="by">
                {run.user}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Versions({ scope, name, rows }: { readonly scope: Scope; readonly name: string; readonly rows: readonly VersionRow[] }): JSX.Element {
  if (rows.length === 0) return <NotDeployed />;
  return (
    <div className="card" style={{ padding: 0 }}>
      <table className="table folding">
        <thead>
          <tr>
            <th>Version</th>
            <th>Deployed</th>
            <th>By</th>
            <th>Command</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.version} data-walk>
              <td>
                <Link className="mono" to="/domain/$domain/project/$project/tasks/$task" params={{ ...scope, task: name }} search={{ version: row.version }}>
                  {row.version}
                </Link>
              </td>
              <td data-label="deployed">
                <When at={row.deployedAt} />
              </td>
              <td data-label="by">{row.deployedBy}</td>
              <td>
                <Copy text={versionCommand(scope, name, row.version)} label="Copy as CLI" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
