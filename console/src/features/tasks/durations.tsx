/** How long each run of a task took, the oldest on the left. The table of runs below says the same in words. */
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";

import { durationsOf } from "../../lib/history";
import type { RunRow, Scope } from "../../lib/model";
import { isOver, phaseWord } from "../../lib/phase";
import { ago, duration } from "../../lib/time";
import { PhaseMark } from "../../ui/phase";
import { useNow } from "../../ui/when";

export function Durations({ scope, runs }: { readonly scope: Scope; readonly runs: readonly RunRow[] }): JSX.Element | null {
  const now = useNow(runs.some((run) => !isOver(run.phase)));
  const { points, most } = durationsOf(runs, now);
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return null;
  return (
    <figure className="card durations" aria-label="durations over time">
      <figcaption className="line wrap">
        <h2>Durations</h2>
        <span className="soft small">each mark is a run; the table below has the same in words</span>
      </figcaption>
      <div className="chart" role="group" aria-label={`durations of ${String(points.length)} runs, at most ${duration(most)}`}>
        {[1, 0.5, 0].map((share) => (
          <span key={share} className="grid small soft number" style={{ bottom: `${String(share * 100)}%` }}>
            <span>{duration(most * share)}</span>
          </span>
        ))}
        {points.map((point) => {
          const words = `${point.run}: ${phaseWord(point.phase)} after ${duration(point.ms)}, ${ago(point.at, now)}`;
          return (
            <Link key={point.run} className="mark" to="/domain/$domain/project/$project/runs/$run" params={{ ...scope, run: point.run }} style={{ left: `${String(point.x * 100)}%`, bottom: `${String(point.y * 100)}%` }} aria-label={words}>
              <PhaseMark phase={point.phase} size={14} label={words} />
            </Link>
          );
        })}
      </div>
      <div className="line small soft">
        <span>{ago(first.at, now)}</span>
        <span className="grow" />
        <span>{ago(last.at, now)}</span>
      </div>
    </figure>
  );
}
