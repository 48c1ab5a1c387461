/** Times and durations in words. Everything takes `now` as an argument, so that it can be tested. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span with the two largest units: `1 h 04 min`, `3.2 s`, `12 ms`. A clock that is wrong gives no negative time. */
export function duration(ms: number): string {
  const span = Math.max(0, ms);
  if (span < SECOND) return `${String(Math.round(span))} ms`;
  if (span < 10 * SECOND) return `${(Math.floor(span / 100) / 10).toFixed(1)} s`;
  if (span < MINUTE) return `${String(Math.floor(span / SECOND))} s`;
  if (span < HOUR) return pair(span, MINUTE, "min", SECOND, "s");
  if (span < DAY) return pair(span, HOUR, "h", MINUTE, "min");
  return pair(span, DAY, "d", HOUR, "h");
}

function pair(span: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((span % large) / small);
  return `${String(Math.floor(span / large))} ${largeName} ${String(rest).padStart(2, "0")} ${smallName}`;
}

/** How long ago: `just now`, `5 min ago`, `3 d ago`. A time that lies ahead is one of a wrong clock. */
export function ago(at: number, now: number): string {
  const span = now - at;
  if (span < -MINUTE) return `in ${rough(-span)}`;
  if (span < 5 * SECOND) return "just now";
  return `${rough(span)} ago`;
}

function rough(span: number): string {
  if (span < MINUTE) return `${String(Math.floor(span / SECOND))} s`;
  if (span < HOUR) return `${String(Math.floor(span / MINUTE))} min`;
  if (span < DAY) return `${String(Math.floor(span / HOUR))} h`;
  return `${String(Math.floor(span / DAY))} d`;
}

/** The exact time in the reader's zone, with the zone's name and the moment in UTC. */
export function exact(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "not a time" : `${local(at)} (${date.toISOString()})`;
}

/** A time in the reader's zone, with the zone's name. */
export function local(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "not a time" : date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
}

/** How long something took, or has taken so far. */
export function elapsed(from: number | undefined, to: number | undefined, now: number): number | undefined {
  if (from === undefined) return undefined;
  return Math.max(0, (to ?? now) - from);
}

const WINDOWS: Readonly<Record<string, number>> = { "1h": HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY };

/** Names of the time windows that lists offer. */
export const WINDOW_NAMES: readonly string[] = Object.keys(WINDOWS);

/** Where a window of that name begins; unknown names mean no limit. */
export function windowStart(name: string | undefined, now: number): number | undefined {
  const span = name !== undefined && Object.hasOwn(WINDOWS, name) ? WINDOWS[name] : undefined;
  return span === undefined ? undefined : now - span;
}
