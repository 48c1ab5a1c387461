/** What the tasks of two runs did differently: numbers, phases and durations. */
import type { JSX } from "react";

import { isSlower, type TaskChanges, type TaskSide } from "../../lib/compare";
import { duration } from "../../lib/time";
import { PhaseTally } from "../../ui/phase";

export function TaskTable({ changes: { changed, same } }: { readonly changes: TaskChanges }): JSX.Element {
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
                <Count side={one.left} label="actions" />
                <Count side={one.right} label="and in the other run" />
                <td className="number" data-label="usual duration">{usual(one.left)}</td>
                <td className="number" data-label="and in the other run">{isSlower(one.left?.median, one.right?.median) ? <strong>{usual(one.right)}</strong> : usual(one.right)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {same > 0 && <p className="soft">{sameInWords(same, changed.length)} did the same in about the same time.</p>}
    </section>
  );
}

function sameInWords(same: number, changed: number): string {
  const tasks = same === 1 ? "task" : "tasks";
  if (changed > 0) return `The actions of ${same.toLocaleString()} other ${tasks}`;
  return same === 1 ? "The only task" : `All ${same.toLocaleString()} tasks`;
}

function Count({ side, label }: { readonly side: TaskSide | undefined; readonly label: string }): JSX.Element {
  return <td data-label={label}>{side === undefined ? <span className="soft">none</span> : <PhaseTally counts={side.counts} />}</td>;
}

function usual(side: TaskSide | undefined): string {
  return side?.median === undefined ? "–" : duration(side.median);
}
