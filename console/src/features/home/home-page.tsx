/** The first page: what waits for somebody, what failed, what runs, and where everything is. */
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";

import { type PlatformStatus, type ProjectRow, type ScopedRun, useAttention, useProjects, useStatus } from "../../api/home";
import { problemOf } from "../../api/transport";
import { isOver } from "../../lib/phase";
import { useTitle } from "../../ui/title";
import { PhaseMark } from "../../ui/phase";
import { Failed, Loading } from "../../ui/states";
import { Elapsed, When } from "../../ui/when";

export function HomePage(): JSX.Element {
  useTitle("Now");
  const projects = useProjects();
  const status = useStatus();
  const attention = useAttention(projects.data ?? []);
  const several = (projects.data ?? []).length > 1;
  return (
    <div className="page">
      <h1>Now</h1>
      {status.data && <Platform status={status.data} />}
      <div className="columns">
        <Runs title="Needs an answer" none="No run waits for a person." runs={attention.data?.waiting} several={several} />
        <Runs title="Failed in the last 24 hours" none="Nothing failed." runs={attention.data?.failed} several={several} />
        <Runs title="Running" none="Nothing runs." runs={attention.data?.running} several={several} />
      </div>
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
          places taken on {connected.map((executor) => executor.name).join(", ")}
        </span>
      )}
      <span className="grow" />
      <span className="soft small">
        Wingbeat {status.version}, started <When at={status.startedAt} />
      </span>
    </div>
  );
}

function Runs({ title, none, runs, several }: { readonly title: string; readonly none: string; readonly runs: readonly ScopedRun[] | undefined; readonly several: boolean }): JSX.Element {
  return (
    <section className="card stack" aria-label={title}>
      <h2>{title}</h2>
      {runs === undefined && <Loading what={title} rows={3} />}
      {runs?.length === 0 && <p className="soft">{none}</p>}
      {runs !== undefined && runs.length > 0 && (
        <ul className="stack" style={{ gap: 8 }}>
          {runs.map((run) => (
            <li key={`${run.scope.project}/${run.scope.domain}/${run.run}`} className="line">
              <PhaseMark phase={run.phase} />
              <Link className="cut grow" to="/domain/$domain/project/$project/runs/$run" params={{ ...run.scope, run: run.run }} title={run.run}>
                {run.title} <span className="soft mono">{run.run}</span>
              </Link>
              {(several || run.scope.domain !== "development") && <span className="label cut">{several ? `${run.scope.project}/${run.scope.domain}` : run.scope.domain}</span>}
              <span className="soft small">{isOver(run.phase) ? <When at={run.endedAt} /> : <Elapsed from={run.startedAt} to={run.endedAt} running />}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Project({ project }: { readonly project: ProjectRow }): JSX.Element {
  return (
    <section className="card stack" aria-label={project.name} style={{ gap: 6 }}>
      <h3>{project.name}</h3>
      {project.description !== "" && <p className="soft">{project.description}</p>}
      <p className="line wrap">
        {project.domains.map((domain) => (
          <Link key={domain} className="button" to="/domain/$domain/project/$project/runs" params={{ project: project.id, domain }}>
            {domain}
          </Link>
        ))}
      </p>
    </section>
  );
}
