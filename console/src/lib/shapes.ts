/** Shapes of phases, as paths in a square of sixteen by sixteen that are drawn with lines. */
import type { Phase } from "./phase";

const SHAPES: Readonly<Record<Phase, string>> = {
  succeeded: "M3 8.5l3.3 3.3L13 5",
  recovered: "M2 9l2.6 2.6L9 6.5M7.5 11.6L13.5 5",
  failed: "M4 4l8 8M12 4l-8 8",
  timed_out: "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM8 5v3.2l2.4 1.6",
  running: "M8 2.5A5.5 5.5 0 1 1 2.5 8",
  initializing: "M8 2.5A5.5 5.5 0 0 1 13.5 8",
  paused: "M5.6 6A2.4 2.4 0 1 1 8 8.4v1.4M8 12.6v.4",
  queued: "M3 5h10M3 8h10M3 11h6",
  waiting: "M4.5 3h7L8 8l3.5 5h-7L8 8z",
  aborted: "M4.5 4.5h7v7h-7z",
  unknown: "M8 3l5 5-5 5-5-5z",
};

export const SHAPE_SIZE = 16;

export function shapeOf(phase: Phase): string {
  return SHAPES[phase];
}

/** Where a shape of some size stands at a bar from `from` to `to`: on it where it fits, else beside it, and always in the
 * chart, which ends at `end`. */
export function shapePlace(from: number, to: number, end: number, size: number): { readonly x: number; readonly on: boolean } {
  if (to - from >= size + 4) return { x: from + 2, on: true };
  return { x: Math.min(to + 2, end - size), on: false };
}
