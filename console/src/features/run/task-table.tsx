/** What the tasks of two runs did differently: numbers, phases and durations. */
import { type JSX, useMemo } from "react";

import { isSlower, taskChanges, type TaskSide } from "../../lib/compare";
import type { ActionRow } from "../../lib/model";
import { duration } from "../../lib/time";
import { PhaseTally } from "../../ui/phase";

export function TaskTable({ left, right }: { readonly left: readonly ActionRow[]; readonly right: readonly ActionRow[] }): JSX.Element {
  const { changed, same } = useMemo(() => taskChanges(left, right), [left, right]);
  return (
    <section className="card stack" aria-label="Actions">
      <h2>Actions by task</h2>
      {changed.length > 0 && (
        <table className="table folding">
          <thead>
            <tr>
              <th>Task</th>
              <th>Actions</th>
              <th>and in the other run</th>
              <th>Usual duration</th>
              <th>and in the other run</th>
            </tr>
          </thead>
          <tbody>
            {changed.map((one) => (
              <tr key={one.title}>
                <td className="mono">{one.title}</td>
                <Count side={one.left} />
                <Count side={one.right} />
                <td className="number">{usual(one.left)}</td>
                <td className="number">{isSlower(one.left?.median, one.right?.median) ? <strong>{usual(one.right)}</strong> : usual(one.right)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className="soft">
        {changed.length === 0 ? "All" : "The actions of"} {same.toLocaleString()} {changed.length === 0 ? "" : "other "}
        {same === 1 ? "task" : "tasks"} did the same in about the same time.
      </p>
    </section>
  );
}

function Count({ side }: { readonly side: TaskSide | undefined }): JSX.Element {
  return <td>{side === undefined ? <span className="soft">none</span> : <PhaseTally counts={side.counts} />}</td>;
}

function usual(side: TaskSide | undefined): string {
  return side?.median === undefined ? "–" : duration(side.median);
}
