/** What the first page asks for, and what it makes of the answers. Pure. */
import type { RunRow, Scope } from "./model";

/** Every scope costs three calls; a platform with more needs an aggregate of the server. */
const MOST_SCOPES = 30;
/** Rows of each list. */
export const EACH = 8;
/** With few scopes; with many it takes longer, so that the calls of a second stay about as many. */
const AGAIN = 5_000;
const SCOPES_AT_EASE = 4;

export interface Asking {
  readonly asked: readonly Scope[];
  /** What is not asked, since there is too much. */
  readonly left: readonly Scope[];
  /** Milliseconds from one time to the next. */
  readonly again: number;
}

export function askingOf(projects: readonly { readonly id: string; readonly domains: readonly string[] }[]): Asking {
  const all = projects.flatMap(({ id, domains }) => domains.map((domain) => ({ project: id, domain })));
  const asked = all.slice(0, MOST_SCOPES);
  return { asked, left: all.slice(MOST_SCOPES), again: AGAIN * Math.max(1, Math.ceil(asked.length / SCOPES_AT_EASE)) };
}

/** What is not asked, by name. */
export function leftInWords(left: readonly Scope[]): string {
  const named = left.slice(0, 10).map(({ project, domain }) => `${project}/${domain}`);
  return `Not looked at here: ${named.join(", ")}${left.length > named.length ? ` and ${(left.length - named.length).toLocaleString()} more` : ""}.`;
}

export type ScopedRun = RunRow & { readonly scope: Scope };

/** The newest runs of some scopes, and the scopes that have others. */
export interface SomeRuns {
  readonly runs: readonly ScopedRun[];
  readonly more: readonly Scope[];
}

interface Answer {
  readonly scope: Scope;
  readonly runs: readonly RunRow[];
  readonly more: boolean;
}

/** `at` says what is newest: starts or ends. */
export function newestOf(answers: readonly Answer[], at: (run: RunRow) => number | undefined): SomeRuns {
  const all = answers.flatMap(({ scope, runs }) => runs.map((run) => ({ ...run, scope })));
  const sorted = all.sort((left, right) => (at(right) ?? 0) - (at(left) ?? 0));
  const hidden = new Set(sorted.slice(EACH).map((run) => run.scope));
  return { runs: sorted.slice(0, EACH), more: answers.filter(({ scope, more }) => more || hidden.has(scope)).map(({ scope }) => scope) };
}
