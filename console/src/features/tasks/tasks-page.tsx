/** Deployed tasks of a project. */
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";

import { useTasks } from "../../api/tasks";
import { problemOf } from "../../api/transport";
import type { Scope } from "../../lib/model";
import type { TasksSearch } from "../../lib/search";
import { Find } from "../../ui/find";
import { PhaseMark } from "../../ui/phase";
import { Empty, Failed, Loading } from "../../ui/states";
import { useTitle } from "../../ui/title";
import { When } from "../../ui/when";

interface Props {
  readonly scope: Scope;
  readonly search: TasksSearch;
  readonly onSearch: (search: TasksSearch) => void;
}

export function TasksPage({ scope, search, onSearch }: Props): JSX.Element {
  useTitle("Tasks", `${scope.project}/${scope.domain}`);
  const tasks = useTasks(scope, search.q ?? "");
  return (
    <div className="page">
      <div className="heading">
        <h1>Tasks</h1>
        <Find label="find a task" text={search.q ?? ""} onText={(q) => onSearch(q === "" ? {} : { q })} />
      </div>
      {tasks.isPending && <Loading what="tasks" rows={6} />}
      {tasks.isError && <Failed problem={problemOf(tasks.error)} onRetry={() => void tasks.refetch()} />}
      {tasks.data?.rows.length === 0 && (
        <Empty title={search.q === undefined ? "No task is deployed here" : "No task has such a name"}>
          <p>
            <code>flyte deploy FILE ENVIRONMENT</code> deploys the tasks of a file.
          </p>
        </Empty>
      )}
      {tasks.data !== undefined && tasks.data.rows.length > 0 && (
        <div className="card" style={{ padding: 0, overflowX: "auto" }}>
          <table className="table folding">
            <thead>
              <tr>
                <th>Task</th>
                <th>Latest version</th>
                <th>Latest run</th>
                <th>Deployed</th>
              </tr>
            </thead>
            <tbody>
              {tasks.data.rows.map((task) => (
                <tr key={task.ref.name} data-walk>
                  <td>
                    <Link to="/domain/$domain/project/$project/tasks/$task" params={{ ...scope, task: task.ref.name }} className="mono">
                      {task.ref.name}
                    </Link>
                    {task.summary !== "" && <p className="soft">{task.summary}</p>}
                  </td>
                  <td className="mono" data-label="version">
                    {task.ref.version}
                  </td>
                  <td data-label="latest run">
                    {task.latest === undefined ? (
                      <span className="soft">never</span>
                    ) : (
                      <span className="line number">
                        <PhaseMark phase={task.latest.phase} />
                        <Link to="/domain/$domain/project/$project/runs/$run" params={{ ...scope, run: task.latest.run }} className="mono">
                          {task.latest.run}
                        </Link>
                      </span>
                    )}
                  </td>
                  <td data-label="deployed">
                    <When at={task.deployedAt} /> <span className="soft">{task.deployedBy}</span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {tasks.data?.more === true && <p className="soft">The first 500 tasks are shown; the search looks at all of them.</p>}
    </div>
  );
}
