/** A large run by task and by group, in the place of a graph that nobody could read. */
import type { JSX } from "react";

import type { Counted, Counts } from "../../api/run-view";
import { PhaseBar, PhaseTally } from "../../ui/phase";

interface Props {
  readonly counts: Counts;
  readonly onTask: (name: string) => void;
  readonly onGroup: (name: string) => void;
}

export function LargeSums({ counts, onTask, onGroup }: Props): JSX.Element {
  const groups = counts.groups.filter(({ name }) => name !== "");
  return (
    <div className="stack" style={{ padding: "4px 12px 12px" }}>
      <p className="soft">A graph of {counts.all.total.toLocaleString()} actions could not be read: here they are by task and by group. A click lists them.</p>
      <Sums title="Tasks" rows={counts.tasks} all={counts.nTasks} onChoose={onTask} />
      {groups.length > 0 && <Sums title="Groups" rows={groups} all={counts.nGroups - (counts.groups.length - groups.length)} onChoose={onGroup} />}
    </div>
  );
}

function Sums({ title, rows, all, onChoose }: { readonly title: string; readonly rows: readonly Counted[]; readonly all: number; readonly onChoose: (name: string) => void }): JSX.Element {
  return (
    <section className="stack" aria-label={title} style={{ gap: 6 }}>
      <h2>{title}</h2>
      <ul className="stack" style={{ gap: 8 }}>
        {rows.map(({ name, total, counts }) => (
          <li key={name} className="stack" style={{ gap: 3 }} data-walk>
            <span className="line wrap">
              <button type="button" className="quiet mono cut" onClick={() => onChoose(name)}>
                {name}
              </button>
              <span className="number soft">{total.toLocaleString()}</span>
              <span className="grow" />
              <PhaseTally counts={counts} />
            </span>
            <PhaseBar counts={counts} />
          </li>
        ))}
      </ul>
      {all > rows.length && (
        <p className="soft small">
          The {rows.length.toLocaleString()} largest of {all.toLocaleString()}.
        </p>
      )}
    </section>
  );
}
