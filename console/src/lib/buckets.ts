/** A run over time in sums: what a timeline of many actions is drawn from. Pure. */
import type { PhaseCounts } from "./phase";
import type { Span } from "./timeline";

/** What happened in one part of time. */
export interface Bucket {
  readonly created: number;
  readonly started: number;
  readonly ended: PhaseCounts;
  /** At the end of the part. */
  readonly waiting: number;
  readonly running: number;
}

export interface Buckets {
  readonly from: number;
  /** Length of each, in milliseconds. */
  readonly width: number;
  readonly buckets: readonly Bucket[];
  /** Times are no more exact than this; 0: exact. */
  readonly resolution: number;
}

/** Parts at most: more are thinner than can be hit. */
export const MOST_BUCKETS = 120;

/** How many parts a span is asked in: not finer than the server's times are. */
export function partsOf(span: Span, resolution: number): number {
  if (resolution <= 0) return MOST_BUCKETS;
  return Math.min(MOST_BUCKETS, Math.max(1, Math.floor((span.to - span.from) / resolution)));
}

/** All that the buckets cover. */
export function spanOf({ from, width, buckets }: Buckets): Span {
  return { from, to: from + Math.max(1, width * buckets.length) };
}

/** The time of one bucket. */
export function bucketSpan({ from, width }: Buckets, index: number): Span {
  return { from: from + width * index, to: from + width * (index + 1) };
}

/** Ended ones as they are drawn: well, badly, and otherwise. */
export function endings(ended: PhaseCounts): { readonly good: number; readonly bad: number; readonly other: number } {
  const sum = (...counts: readonly (number | undefined)[]): number => counts.reduce<number>((all, one) => all + (one ?? 0), 0);
  const good = sum(ended.succeeded, ended.recovered);
  const bad = sum(ended.failed, ended.timed_out);
  return { good, bad, other: sum(...Object.values(ended)) - good - bad };
}

/** The highest bar of each of the two charts; at least 1, so that it can be divided by. */
export function peaks(buckets: readonly Bucket[]): { readonly live: number; readonly ended: number } {
  let [live, ended] = [1, 1];
  for (const bucket of buckets) {
    const { good, bad, other } = endings(bucket.ended);
    live = Math.max(live, bucket.waiting + bucket.running);
    ended = Math.max(ended, good + bad + other);
  }
  return { live, ended };
}
