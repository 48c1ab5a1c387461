/** The first page: what waits for somebody, what failed, what runs, and where everything is. */
import { Link } from "@tanstack/react-router";
import { type JSX, useMemo } from "react";

import { type PlatformStatus, type ProjectRow, useAttention, useProjects, useStatus } from "../../api/home";
import { problemOf } from "../../api/transport";
import { type Asking, askingOf, leftInWords, type ScopedRun, type SomeRuns } from "../../lib/attention";
import { EXECUTORS_COMMAND } from "../../lib/command";
import { isOver } from "../../lib/phase";
import type { RunsSearch } from "../../lib/search";
import { Copy } from "../../ui/controls";
import { useTitle } from "../../ui/title";
import { PhaseMark } from "../../ui/phase";
import { Failed, Loading } from "../../ui/states";
import { Elapsed, When } from "../../ui/when";

export function HomePage(): JSX.Element {
  useTitle("Now");
  const projects = useProjects();
  const status = useStatus();
  const asking = useMemo(() => askingOf(projects.data ?? []), [projects.data]);
  return (
    <div className="page">
      <h1>Now</h1>
      {status.data && <Platform status={status.data} />}
      {!projects.isError && (projects.isPending || asking.asked.length > 0) && <Attention asking={asking} />}
      <h2>Projects</h2>
      {projects.isPending && <Loading what="projects" />}
      {projects.isError && <Failed problem={problemOf(projects.error)} onRetry={() => void projects.refetch()} />}
      <div className="columns">{projects.data?.map((project) => <Project key={project.id} project={project} />)}</div>
    </div>
  );
}

function Platform({ status }: { readonly status: PlatformStatus }): JSX.Element {
  const connected = status.executors.filter((executor) => executor.connected);
  const slots = connected.reduce((sum, executor) => sum + executor.slots, 0);
  const used = connected.reduce((sum, executor) => sum + executor.used, 0);
  return (
    <div className={`card line wrap ${connected.length === 0 ? "bad" : ""}`}>
      <span>
        <strong className="number">{status.running.toLocaleString()}</strong> running
      </span>
      <span className="soft">·</span>
      <span>
        <strong className="number">{status.queued.toLocaleString()}</strong> queued
      </span>
      <span className="soft">·</span>
      {connected.length === 0 ? (
        <strong className="error-text">No executor is connected: nothing can start</strong>
      ) : (
        <span>
          <strong className="number">
            {used}/{slots}
          </strong>{" "}
          places taken on {connected.map(({ name, draining }) => (draining ? `${name} (drains)` : name)).join(", ")} <Copy text={EXECUTORS_COMMAND} label="Copy as CLI" />
        </span>
      )}
      <span className="grow" />
      <span className="soft small">
        Wingbeat {status.version}, started <When at={status.startedAt} />
      </span>
    </div>
  );
}

/** What needs a look, in all projects that are asked. */
function Attention({ asking }: { readonly asking: Asking }): JSX.Element {
  const { data, isError, error, refetch, dataUpdatedAt } = useAttention(asking);
  const several = new Set([...asking.asked, ...asking.left].map(({ project }) => project)).size > 1;
  if (data === undefined && isError) return <Failed problem={problemOf(error)} onRetry={() => void refetch()} />;
  return (
    <>
      {isError && (
        <p className="card ask" role="status">
          These lists are of <When at={dataUpdatedAt} />: {problemOf(error).message}
        </p>
      )}
      <div className="columns">
        <Runs title="Needs an answer" none="No run waits for a person." found={data?.waiting} several={several} search={{ phase: "paused,running" }} />
        <Runs title="Failed in the last 24 hours" none="Nothing failed." found={data?.failed} several={several} search={{ phase: "failed,timed_out" }} />
        <Runs title="Running" none="Nothing runs." found={data?.running} several={several} search={{ phase: "queued,waiting,initializing,running" }} />
      </div>
      {asking.left.length > 0 && <p className="soft">{leftInWords(asking.left)}</p>}
    </>
  );
}

interface RunsProps {
  readonly title: string;
  readonly none: string;
  readonly found: SomeRuns | undefined;
  readonly several: boolean;
  /** The list of runs that has the others. */
  readonly search: RunsSearch;
}

function Runs({ title, none, found, several, search }: RunsProps): JSX.Element {
  return (
    <section className="card stack" aria-label={title}>
      <h2>{title}</h2>
      {found === undefined && <Loading what={title} rows={3} />}
      {found?.runs.length === 0 && <p className="soft">{none}</p>}
      {found !== undefined && found.runs.length > 0 && (
        <ul className="stack" style={{ gap: 8 }}>
          {found.runs.map((run) => (
            <Run key={`${run.scope.project}/${run.scope.domain}/${run.run}`} run={run} several={several} />
          ))}
        </ul>
      )}
      {found !== undefined && found.more.length > 0 && (
        <p className="line wrap small">
          <span className="soft">More in</span>
          {found.more.map((scope) => (
            <Link key={`${scope.project}/${scope.domain}`} to="/domain/$domain/project/$project/runs" params={{ ...scope }} search={search}>
              {scope.project}/{scope.domain}
            </Link>
          ))}
        </p>
      )}
    </section>
  );
}

function Run({ run, several }: { readonly run: ScopedRun; readonly several: boolean }): JSX.Element {
  return (
    <li className="line" data-walk>
      <PhaseMark phase={run.phase} />
      <Link className="cut grow" to="/domain/$domain/project/$project/runs/$run" params={{ ...run.scope, run: run.run }} title={run.run}>
        {run.title} <span className="soft mono">{run.run}</span>
      </Link>
      {(several || run.scope.domain !== "development") && <span className="label cut">{several ? `${run.scope.project}/${run.scope.domain}` : run.scope.domain}</span>}
      <span className="soft small">{isOver(run.phase) ? <When at={run.endedAt} /> : <Elapsed from={run.createdAt} to={run.endedAt} running />}</span>
    </li>
  );
}

function Project({ project }: { readonly project: ProjectRow }): JSX.Element {
  return (
    <section className="card stack" aria-label={project.name} style={{ gap: 6 }}>
      <h3>{project.name}</h3>
      {project.description !== "" && <p className="soft">{project.description}</p>}
      <p className="line wrap">
        {project.domains.map((domain) => (
          <Link key={domain} className="button" data-walk to="/domain/$domain/project/$project/runs" params={{ project: project.id, domain }}>
            {domain}
          </Link>
        ))}
      </p>
    </section>
  );
}
