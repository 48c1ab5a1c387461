/** What is different between two runs. Pure: values and specs become paths with texts, actions are summed up by task. */
import { exactMoment, exactSpan } from "./exact";
import type { ActionRow, NamedValue, ValueView } from "./model";
import { isOver, type Phase, type PhaseCounts, PHASES } from "./phase";
import { countPhases, groupBy } from "./tree";

export interface Difference {
  readonly path: string;
  readonly left: string | undefined;
  readonly right: string | undefined;
}

/** Larger values are compared up to here; nobody reads more differences than these. */
const MOST_LEAVES = 20_000;
const EMPTY = "empty";

/** Values as they are compared: numbers, lists and maps of them. */
export function plainValues(values: readonly NamedValue[]): unknown {
  return Object.fromEntries(values.map(({ name, value }) => [name, plainValue(value)]));
}

function plainValue(value: ValueView): unknown {
  switch (value.kind) {
    case "none":
      return null;
    case "text":
      return JSON.stringify(value.text);
    case "number":
      return value.text;
    case "bool":
      return value.value;
    case "time":
      return exactMoment(value.at, value.nanos);
    case "duration":
      return exactSpan(value.nanos);
    case "json":
      return value.value;
    case "list":
      return value.items.map(plainValue);
    case "map":
      return Object.fromEntries(value.entries.map((entry) => [entry.name, plainValue(entry.value)]));
    case "link":
      return value.uri;
    case "error":
      return value.message;
    case "bytes":
      return `${String(value.size)} bytes`;
    case "unknown":
      return "unknown";
    default:
      return value satisfies never;
  }
}

/** Every place where the two say something different. */
export function differences(left: unknown, right: unknown): readonly Difference[] {
  const [before, after] = [leaves(left), leaves(right)];
  const paths = new Set([...before.keys(), ...after.keys()]);
  const all = [...paths].map((path) => ({ path, left: before.get(path), right: after.get(path) }));
  // Where one side is empty, what the other side has in it says enough.
  return all.filter((one) => one.left !== one.right && !isShell(one, all));
}

function isShell(one: Difference, all: readonly Difference[]): boolean {
  if ((one.left ?? EMPTY) !== EMPTY || (one.right ?? EMPTY) !== EMPTY) return false;
  return all.some((other) => other.path !== one.path && (one.path === "" || other.path.startsWith(`${one.path}.`) || other.path.startsWith(`${one.path}[`)));
}

function leaves(value: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const walk = (one: unknown, path: string): void => {
    if (one === undefined || found.size >= MOST_LEAVES) return;
    if (typeof one !== "object" || one === null) found.set(path, typeof one === "string" ? one : String(one));
    else if (Array.isArray(one)) {
      if (one.length === 0) found.set(path, EMPTY);
      one.forEach((item, index) => walk(item, `${path}[${String(index)}]`));
    } else {
      const entries = Object.entries(one);
      if (entries.length === 0) found.set(path, EMPTY);
      for (const [name, item] of entries) walk(item, path === "" ? name : `${path}.${name}`);
    }
  };
  walk(value, "");
  return found;
}

/** The part of an action's message that says what runs. */
export function specOf(raw: string): unknown {
  try {
    const details: unknown = JSON.parse(raw);
    return typeof details === "object" && details !== null && "task" in details ? details.task : undefined;
  } catch {
    return undefined;
  }
}

/** Actions of one task in one run. */
export interface TaskSide {
  readonly count: number;
  readonly counts: PhaseCounts;
  /** Of those that are over, or of a sample of them; half of these took longer. */
  readonly median: number | undefined;
}

export interface TaskChange {
  readonly title: string;
  readonly left: TaskSide | undefined;
  readonly right: TaskSide | undefined;
}

/** Durations differ all the time: this much is worth a look. */
const WORTH_MS = 500;
const WORTH_SHARE = 0.2;

/** Tasks whose actions did something else in the other run, and how many tasks did the same. */
export interface TaskChanges {
  readonly changed: readonly TaskChange[];
  readonly same: number;
  /** There are more tasks, of which nothing is known. */
  readonly cut: boolean;
}

/** Of runs whose actions are all there. */
export function taskChanges(left: readonly ActionRow[], right: readonly ActionRow[]): TaskChanges {
  return { ...changes(sides(left), sides(right)), cut: false };
}

/** The largest tasks of a run, and how many it has. */
export interface TaskSums {
  readonly tasks: readonly { readonly name: string; readonly total: number; readonly counts: PhaseCounts }[];
  readonly nTasks: number;
}

/** Median durations of samples, by task. */
export type Usual = ReadonlyMap<string, number>;

/** Of runs of which only sums are known. A task that is missing among the largest may still be there: nothing is said of
 * it. Nor is a duration that only one of the runs has a sample of. */
export function sumChanges(left: TaskSums, right: TaskSums, usual: { readonly left: Usual; readonly right: Usual }): TaskChanges {
  const medianOf = (name: string, side: Usual): number | undefined => (usual.left.has(name) && usual.right.has(name) ? side.get(name) : undefined);
  const known = ({ tasks }: TaskSums, side: Usual): ReadonlyMap<string, TaskSide> => new Map(tasks.map(({ name, total, counts }) => [name, { count: total, counts, median: medianOf(name, side) }]));
  const isCut = ({ tasks, nTasks }: TaskSums): boolean => nTasks > tasks.length;
  const [before, after] = [known(left, usual.left), known(right, usual.right)];
  const common = (one: ReadonlyMap<string, TaskSide>, other: ReadonlyMap<string, TaskSide>): ReadonlyMap<string, TaskSide> => new Map([...one].filter(([name]) => other.has(name)));
  return { ...changes(isCut(right) ? common(before, after) : before, isCut(left) ? common(after, before) : after), cut: isCut(left) || isCut(right) };
}

/** The largest tasks that both runs have: those whose durations are worth a look. */
export function sampled(left: TaskSums, right: TaskSums, most: number): readonly string[] {
  const others = new Map(right.tasks.map(({ name, total }) => [name, total]));
  const common = left.tasks.flatMap(({ name, total }) => (others.has(name) ? [{ name, total: total + (others.get(name) ?? 0) }] : []));
  const sorted = common.sort((one, other) => other.total - one.total || (one.name < other.name ? -1 : 1));
  return sorted.slice(0, most).map(({ name }) => name);
}

function changes(before: ReadonlyMap<string, TaskSide>, after: ReadonlyMap<string, TaskSide>): { readonly changed: readonly TaskChange[]; readonly same: number } {
  const all = [...new Set([...before.keys(), ...after.keys()])].map((title) => ({ title, left: before.get(title), right: after.get(title) }));
  const changed = all.filter((one) => differs(one.left, one.right));
  return { changed, same: all.length - changed.length };
}

function sides(actions: readonly ActionRow[]): ReadonlyMap<string, TaskSide> {
  const groups = groupBy(actions, (action) => action.title);
  return new Map([...groups].map(([title, members]) => [title, { count: members.length, counts: countPhases(members), median: median(members) }]));
}

export function median(actions: readonly ActionRow[]): number | undefined {
  const spans = actions.flatMap((action) => (isOver(action.phase) && action.startedAt !== undefined && action.endedAt !== undefined ? [Math.max(0, action.endedAt - action.startedAt)] : []));
  return spans.sort((one, other) => one - other)[Math.floor(spans.length / 2)];
}

function differs(left: TaskSide | undefined, right: TaskSide | undefined): boolean {
  if (left === undefined || right === undefined) return true;
  const same = (phase: Phase): boolean => (left.counts[phase] ?? 0) === (right.counts[phase] ?? 0);
  return !PHASES.every(same) || isSlower(left.median, right.median);
}

/** One of the two took much longer than the other. */
export function isSlower(left: number | undefined, right: number | undefined): boolean {
  if (left === undefined || right === undefined) return left !== right;
  const apart = Math.abs(left - right);
  return apart > WORTH_MS && apart > WORTH_SHARE * Math.max(left, right);
}
