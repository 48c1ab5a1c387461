import { expect, it } from "vitest";

import { type Bucket, bucketSpan, endings, MOST_BUCKETS, partsOf, peaks, spanOf } from "./buckets";

const bucket = (change: Partial<Bucket>): Bucket => ({ created: 0, started: 0, ended: {}, waiting: 0, running: 0, ...change });

it("asks for no more parts than the times are exact", () => {
  expect(partsOf({ from: 0, to: 10_000 }, 0)).toBe(MOST_BUCKETS);
  expect(partsOf({ from: 0, to: 10_000 }, 1_000)).toBe(10);
  expect(partsOf({ from: 0, to: 500 }, 1_000)).toBe(1);
  expect(partsOf({ from: 0, to: 1e9 }, 1_000)).toBe(MOST_BUCKETS);
});

it("knows the times of its buckets", () => {
  const all = { from: 100, width: 10, resolution: 0, buckets: [bucket({}), bucket({})] };
  expect(spanOf(all)).toEqual({ from: 100, to: 120 });
  expect(bucketSpan(all, 1)).toEqual({ from: 110, to: 120 });
  expect(spanOf({ ...all, buckets: [] })).toEqual({ from: 100, to: 101 });
});

it("sums up endings, and measures the highest bars", () => {
  expect(endings({ succeeded: 3, recovered: 1, failed: 2, timed_out: 1, aborted: 4, unknown: 1 })).toEqual({ good: 4, bad: 3, other: 5 });
  expect(peaks([bucket({ waiting: 4, running: 3 }), bucket({ ended: { failed: 9 } })])).toEqual({ live: 7, ended: 9 });
  expect(peaks([])).toEqual({ live: 1, ended: 1 });
});
