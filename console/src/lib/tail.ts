/** Lines of a log of which only the last ones are kept. Pure. */
import type { LogLine } from "./model";

export interface Kept {
  readonly lines: readonly LogLine[];
  /** Older lines that were let go. */
  readonly dropped: number;
}

/** Adds lines at the end, and lets go what is more than `most`. */
export function appended(before: Kept, more: readonly LogLine[], most: number): Kept {
  const all = [...before.lines, ...more];
  const over = Math.max(0, all.length - most);
  return { lines: over > 0 ? all.slice(over) : all, dropped: before.dropped + over };
}

/** How many lines at the front of a list are not in the one that follows it; none when that is another list. */
export function letGo(before: readonly LogLine[], after: readonly LogLine[]): number {
  const first = after[0];
  if (first === undefined) return 0;
  const at = before.findIndex((line) => line.number === first.number);
  // Another list may have the same numbers, but not the same lines.
  return at > 0 && before[at] === first ? at : 0;
}
