/** Runs over time: how long each took, and how many there were when. Pure. */
import type { RunRow } from "./model";
import { isOver, type Phase, type PhaseCounts } from "./phase";
import { countPhases } from "./tree";

export interface DurationPoint {
  readonly run: string;
  readonly phase: Phase;
  readonly at: number;
  readonly ms: number;
  /** Shares of the width and of the height, from the left and from the bottom. */
  readonly x: number;
  readonly y: number;
}

export interface Durations {
  readonly points: readonly DurationPoint[];
  /** What the top of the chart means. */
  readonly most: number;
}

const ROUND = [1, 2, 3, 5, 10, 15, 20, 30, 60].flatMap((step) => [step, step * 1_000, step * 60_000, step * 3_600_000]).sort((left, right) => left - right);

/** Durations of runs, the oldest on the left, one step each. What still runs counts until now. */
export function durationsOf(runs: readonly RunRow[], now: number): Durations {
  const known = runs.flatMap((run) => (run.createdAt === undefined ? [] : [{ run: run.run, phase: run.phase, at: run.createdAt, ms: Math.max(0, (run.endedAt ?? (isOver(run.phase) ? run.createdAt : now)) - run.createdAt) }]));
  known.sort((left, right) => left.at - right.at || (left.run < right.run ? -1 : 1));
  const longest = known.reduce((most, one) => Math.max(most, one.ms), 0);
  const most = ROUND.find((step) => step >= longest) ?? Math.max(longest, 1);
  return { most, points: known.map((one, index) => ({ ...one, x: (index + 0.5) / known.length, y: one.ms / most })) };
}

export interface Bucket {
  readonly from: number;
  readonly to: number;
  readonly counts: PhaseCounts;
  readonly total: number;
}

/** Runs by the time of their start, in `count` equal parts from the first to the last. */
export function bucketsOf(runs: readonly RunRow[], count: number): readonly Bucket[] {
  const starts = runs.flatMap((run) => run.createdAt ?? []);
  const from = starts.reduce((least, at) => Math.min(least, at), Number.MAX_SAFE_INTEGER);
  const to = starts.reduce((most, at) => Math.max(most, at), 0) + 1;
  if (starts.length === 0) return [];
  const parts: RunRow[][] = Array.from({ length: count }, () => []);
  for (const run of runs) if (run.createdAt !== undefined) parts[Math.floor(((run.createdAt - from) / (to - from)) * count)]?.push(run);
  const step = (to - from) / count;
  return parts.map((part, index) => ({ from: from + index * step, to: from + (index + 1) * step, counts: countPhases(part), total: part.length }));
}
