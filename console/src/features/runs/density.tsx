/** When the listed runs began, and how they ended, as a strip of bars. */
import { type JSX, useMemo } from "react";

import { type Bucket, bucketsOf } from "../../lib/history";
import type { RunRow } from "../../lib/model";
import { orderedCounts, phaseWord } from "../../lib/phase";
import { countPhases } from "../../lib/tree";
import { duration, exact } from "../../lib/time";
import { toneOf } from "../../ui/phase";

const PARTS = 60;

export function Density({ runs }: { readonly runs: readonly RunRow[] }): JSX.Element | null {
  const buckets = useMemo(() => bucketsOf(runs, PARTS), [runs]);
  const [first, last] = [buckets[0], buckets.at(-1)];
  if (first === undefined || last === undefined || runs.length < 2) return null;
  const most = buckets.reduce((high, bucket) => Math.max(high, bucket.total), 1);
  const words = `${String(runs.length)} runs over ${duration(last.to - first.from)}: ${inWords(countPhases(runs))}`;
  return (
    <div className="density" role="img" aria-label={words}>
      {buckets.map((bucket) => (
        <span key={bucket.from} title={bucket.total === 0 ? exact(bucket.from) : `${exact(bucket.from)}: ${inWords(bucket.counts)}`}>
          <Bar bucket={bucket} most={most} />
        </span>
      ))}
    </div>
  );
}

function Bar({ bucket, most }: { readonly bucket: Bucket; readonly most: number }): JSX.Element {
  return (
    <>
      {orderedCounts(bucket.counts).map(([phase, count]) => (
        <i key={phase} className={`tone-${toneOf(phase)}`} style={{ height: `${String((count / most) * 100)}%` }} />
      ))}
    </>
  );
}

function inWords(counts: Parameters<typeof orderedCounts>[0]): string {
  return orderedCounts(counts)
    .map(([phase, count]) => `${String(count)} ${phaseWord(phase).toLowerCase()}`)
    .join(", ");
}
