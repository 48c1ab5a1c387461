/** Filters of the list of runs: in the address, on the server, and on rows that arrive live. */
import type { RunRow } from "./model";
import { asPhase, type Phase } from "./phase";
import { windowStart } from "./time";

export interface RunFilter {
  readonly phases: readonly Phase[];
  readonly task: string;
  readonly user: string;
  /** `key=value`, or a key alone. */
  readonly label: string;
  /** A window's name: `24h`. */
  readonly since: string;
}

export const NO_FILTER: RunFilter = { phases: [], task: "", user: "", label: "", since: "" };

/** What an address may say. Unknown phases and windows in it are dropped. */
export interface RunSearch {
  readonly phase?: string;
  readonly task?: string;
  readonly user?: string;
  readonly label?: string;
  readonly since?: string;
}

export function filterOf(search: RunSearch): RunFilter {
  return {
    phases: (search.phase ?? "").split(",").flatMap((text) => asPhase(text) ?? []),
    task: search.task ?? "",
    user: search.user ?? "",
    label: search.label ?? "",
    since: windowStart(search.since, 0) === undefined ? "" : (search.since ?? ""),
  };
}

/** The address of a filter; what is empty is not in it. */
export function searchOf(filter: RunFilter): RunSearch {
  return {
    ...(filter.phases.length > 0 && { phase: filter.phases.join(",") }),
    ...(filter.task !== "" && { task: filter.task }),
    ...(filter.user !== "" && { user: filter.user }),
    ...(filter.label !== "" && { label: filter.label }),
    ...(filter.since !== "" && { since: filter.since }),
  };
}

export function isFiltered(filter: RunFilter): boolean {
  return Object.keys(searchOf(filter)).length > 0;
}

/** The two sides of a label filter. */
export function labelParts(label: string): { readonly key: string; readonly value: string | undefined } {
  const at = label.indexOf("=");
  return at < 0 ? { key: label.trim(), value: undefined } : { key: label.slice(0, at).trim(), value: label.slice(at + 1).trim() };
}

/** The server's filter again, for rows that arrive live. */
export function matches(run: RunRow, filter: RunFilter, now: number): boolean {
  const start = windowStart(filter.since, now);
  const { key, value } = labelParts(filter.label);
  const label = run.labels[key];
  return (
    (filter.phases.length === 0 || filter.phases.includes(run.phase)) &&
    (filter.task === "" || (run.task?.name ?? "").toLowerCase().includes(filter.task.toLowerCase())) &&
    (filter.user === "" || run.user === filter.user) &&
    (key === "" || (value === undefined ? label !== undefined : label === value)) &&
    (start === undefined || (run.createdAt ?? now) >= start)
  );
}

/** Pages of the server and rows that arrived since, newest first, each run once in its latest state. */
export function merged(pages: readonly RunRow[], live: ReadonlyMap<string, RunRow>, filter: RunFilter, now: number): readonly RunRow[] {
  const oldest = pages.reduce((least, run) => Math.min(least, run.createdAt ?? least), Number.MAX_SAFE_INTEGER);
  const rows = new Map(pages.map((run) => [run.run, run]));
  for (const run of live.values()) {
    // Live rows older than the last page would stand where pages are still missing.
    const inReach = rows.has(run.run) || pages.length === 0 || (run.createdAt ?? 0) >= oldest;
    if (inReach) rows.set(run.run, run);
  }
  return [...rows.values()].filter((run) => matches(run, filter, now)).sort(newestFirst);
}

export function newestFirst(left: RunRow, right: RunRow): number {
  return (right.createdAt ?? 0) - (left.createdAt ?? 0) || (left.run < right.run ? -1 : 1);
}
