/** What addresses may say beside their path. Anything else in an address is dropped. */
import type { RunSearch } from "./run-filter";

type Raw = Readonly<Record<string, unknown>>;

function text(raw: Raw, name: string): string | undefined {
  const value = raw[name];
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function picked<K extends string>(raw: Raw, names: readonly K[]): { readonly [name in K]?: string } {
  const found: { [name in K]?: string } = {};
  for (const name of names) {
    const value = text(raw, name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/** The list of runs: its filters, and whether it is grouped by task. */
export interface RunsSearch extends RunSearch {
  readonly by?: string;
}

export function runsSearch(raw: Raw): RunsSearch {
  return picked(raw, ["phase", "task", "user", "label", "since", "by"]);
}

/** A run: the chosen action (as the SDK writes it), the view, the tab of the panel, the attempt and the line. */
export interface ActionSearch {
  readonly i?: string;
  readonly view?: string;
  readonly tab?: string;
  readonly attempt?: string;
  readonly line?: string;
  readonly q?: string;
  readonly phase?: string;
  readonly group?: string;
}

export function actionSearch(raw: Raw): ActionSearch {
  return picked(raw, ["i", "view", "tab", "attempt", "line", "q", "phase", "group"]);
}

/** Two runs: the other one. */
export interface CompareSearch {
  readonly with?: string;
}

export function compareSearch(raw: Raw): CompareSearch {
  return picked(raw, ["with"]);
}

/** Tasks: a text to look for. */
export interface TasksSearch {
  readonly q?: string;
}

export function tasksSearch(raw: Raw): TasksSearch {
  return picked(raw, ["q"]);
}

/** A task: its version, the tab, and the run whose inputs a form begins with. */
export interface TaskSearch {
  readonly version?: string;
  readonly tab?: string;
  readonly like?: string;
}

export function taskSearch(raw: Raw): TaskSearch {
  return picked(raw, ["version", "tab", "like"]);
}
