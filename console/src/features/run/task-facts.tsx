/** The task behind an action: what it takes and gives, and where it comes from. */
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";

import type { ActionDetails, Scope } from "../../lib/model";
import { Interface } from "../../ui/interface";
import { QueueLink } from "../../ui/queue-link";

export function TaskFacts({ details, scope }: { readonly details: ActionDetails; readonly scope: Scope }): JSX.Element {
  const { row, task } = details;
  return (
    <>
      <dl className="facts">
        {row.task !== undefined && (
          <>
            <dt>Task</dt>
            <dd>
              <Link className="mono" to="/domain/$domain/project/$project/tasks/$task" params={{ project: scope.project, domain: scope.domain, task: row.task.name }} search={{ version: row.task.version }}>
                {row.task.name}
              </Link>
            </dd>
            <dt>Version</dt>
            <dd className="mono">{row.task.version}</dd>
          </>
        )}
        {row.queue !== "" && (
          <>
            <dt>Queue</dt>
            <dd>
              <QueueLink queue={row.queue} />
            </dd>
          </>
        )}
        <dt>Environment</dt>
        <dd>{row.environment === "" ? "–" : row.environment}</dd>
        <dt>Retries</dt>
        <dd>{task?.retries ?? 0}</dd>
        <dt>Cached</dt>
        <dd className="mono">{task?.cached === true ? task.cacheVersion : "no"}</dd>
      </dl>
      {task !== undefined && <Interface task={task} />}
    </>
  );
}
