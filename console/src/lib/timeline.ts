/** Where bars stand on the timeline. Pure: the canvas only draws what comes out of here. */
import type { ActionRow } from "./model";

/** A part of time, in milliseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** From the first start to the last end; what still runs reaches to `now`. */
export function extent(actions: readonly ActionRow[], now: number): Span {
  let from = Number.MAX_SAFE_INTEGER;
  let to = 0;
  for (const action of actions) {
    if (action.createdAt === undefined) continue;
    from = Math.min(from, action.createdAt);
    to = Math.max(to, action.endedAt ?? now);
  }
  if (from > to) return { from: now - 1_000, to: now };
  return { from, to: Math.max(to, from + 1) };
}

/** Zooms so that the moment under the pointer stays where it is; never beyond `limit`. */
export function zoomed(span: Span, limit: Span, at: number, factor: number): Span {
  const length = Math.min((span.to - span.from) * factor, limit.to - limit.from);
  const share = (at - span.from) / (span.to - span.from);
  return shifted({ from: at - share * length, to: at + (1 - share) * length }, limit, 0);
}

/** Moves a span, and keeps it inside `limit`. */
export function shifted(span: Span, limit: Span, by: number): Span {
  const length = Math.min(span.to - span.from, limit.to - limit.from);
  const from = Math.min(Math.max(span.from + by, limit.from), limit.to - length);
  return { from, to: from + length };
}

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 72e5, 216e5, 864e5];

/** Marks of the axis: round steps from the start of the run, at most `most`. */
export function ticks(span: Span, origin: number, most: number): readonly number[] {
  const step = STEPS.find((one) => (span.to - span.from) / one <= most) ?? (span.to - span.from) / most;
  const marks: number[] = [];
  for (let at = Math.ceil((span.from - origin) / step) * step; at <= span.to - origin; at += step) marks.push(origin + at);
  return marks;
}
