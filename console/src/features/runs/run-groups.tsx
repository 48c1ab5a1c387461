/** Runs of the last thirty days by task, as the server sums them up, live. */
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";

import { isWholePicture, type TaskGroup, useTaskGroups } from "../../api/runs";
import type { Scope } from "../../lib/model";
import { phaseWord } from "../../lib/phase";
import { duration } from "../../lib/time";
import { PhaseMark, PhaseTally } from "../../ui/phase";
import { Empty, Failed, Loading } from "../../ui/states";
import { When } from "../../ui/when";

export function RunGroups({ scope }: { readonly scope: Scope }): JSX.Element {
  const { groups, problem, onRetry } = useTaskGroups(scope);
  if (problem !== undefined) return <Failed problem={problem} onRetry={onRetry} />;
  if (groups === undefined) return <Loading what="tasks" rows={6} />;
  if (groups.length === 0) return <Empty title="No task ran in the last 30 days" />;
  return (
    <>
      <p className="soft small">{isWholePicture(groups) ? "Runs of the last 30 days." : "Of the runs of the last 30 days the newest 1,000: there may be more."}</p>
      <Groups scope={scope} groups={groups} />
    </>
  );
}

function Groups({ scope, groups }: { readonly scope: Scope; readonly groups: readonly TaskGroup[] }): JSX.Element {
  return (
    <div className="card" style={{ padding: 0, overflowX: "auto" }}>
      <table className="table folding">
        <thead>
          <tr>
            <th>Task</th>
            <th>Last runs</th>
            <th>Runs</th>
            <th>Failure rate</th>
            <th>Average duration</th>
            <th>Latest</th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <tr key={group.task} data-walk>
              <td>
                <Link to="/domain/$domain/project/$project/runs" params={{ ...scope }} search={{ task: group.task }}>
                  {group.title}
                </Link>{" "}
                <span className="soft mono">{group.task}</span>
              </td>
              <td data-label="last runs">
                <span className="strip">
                  {[...group.recent].reverse().map(({ run, phase }) => (
                    <Link key={run} to="/domain/$domain/project/$project/runs/$run" params={{ ...scope, run }} aria-label={`${run}: ${phaseWord(phase)}`}>
                      <PhaseMark phase={phase} label={`${run}: ${phaseWord(phase)}`} />
                    </Link>
                  ))}
                </span>
              </td>
              <td data-label="all runs">
                <PhaseTally counts={group.counts} />
              </td>
              <td className="number" data-label="failure rate">{Math.round(group.failureRate * 100)} %</td>
              <td className="number" data-label="average duration">{group.averageMs === undefined ? "–" : duration(group.averageMs)}</td>
              <td data-label="latest">
                <When at={group.latest} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
