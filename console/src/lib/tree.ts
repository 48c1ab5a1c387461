/** The tree of a run as rows: actions under their parents, groups folded with their counts. Pure, so that a million
 * rows can be measured without a browser. */
import type { ActionRow } from "./model";
import { isBad, type Phase, type PhaseCounts } from "./phase";

export type TreeRow =
  | { readonly kind: "action"; readonly id: string; readonly depth: number; readonly action: ActionRow; readonly foldable: boolean; readonly open: boolean; readonly dimmed: boolean }
  | { readonly kind: "group"; readonly id: string; readonly depth: number; readonly name: string; readonly size: number; readonly counts: PhaseCounts; readonly open: boolean };

/** What is opened or folded by hand; the rest follows the rule of `opensByItself`. */
export type Folding = ReadonlyMap<string, boolean>;

export interface TreeFilter {
  readonly text: string;
  readonly phases: ReadonlySet<Phase>;
  /** Empty: of any group, and of none. */
  readonly group: string;
}

/** A group of more than this many is folded until somebody opens it. */
export const FOLD_ABOVE = 20;

/** Actions by their parents. */
export interface Index {
  readonly roots: readonly ActionRow[];
  readonly children: ReadonlyMap<string, readonly ActionRow[]>;
}

/** Rows in the order of the screen. */
export function treeRows(actions: readonly ActionRow[], folding: Folding, filter: TreeFilter): readonly TreeRow[] {
  const wanted = filtered(actions, filter);
  const index = indexed(wanted === undefined ? actions : actions.filter((action) => wanted.shown.has(action.name)));
  const rows: TreeRow[] = [];
  const dimmed = (action: ActionRow): boolean => wanted !== undefined && !wanted.hits.has(action.name);
  const isOpen = (id: string, size: number): boolean => folding.get(id) ?? (wanted !== undefined || size <= FOLD_ABOVE);
  const walk = (action: ActionRow, depth: number): void => {
    const children = index.children.get(action.name) ?? [];
    const open = isOpen(action.name, children.some((child) => child.group === "") ? children.length : 0);
    rows.push({ kind: "action", id: action.name, depth, action, foldable: children.length > 0, open, dimmed: dimmed(action) });
    if (open) walkChildren(action.name, children, depth + 1);
  };
  const walkChildren = (parent: string, children: readonly ActionRow[], depth: number): void => {
    const seen = new Set<string>();
    const groups = groupBy(children, (child) => child.group);
    for (const child of children) {
      if (child.group === "") walk(child, depth);
      else if (!seen.has(child.group)) {
        seen.add(child.group);
        const members = groups.get(child.group) ?? [];
        const id = groupId(parent, child.group);
        const open = isOpen(id, members.length);
        rows.push({ kind: "group", id, depth, name: child.group, size: members.length, counts: countPhases(members), open });
        if (open) for (const member of members) walk(member, depth + 1);
      }
    }
  };
  for (const root of index.roots) walk(root, 0);
  return rows;
}

/** Names a group; no action is called so, since `/` is not allowed in their names. */
export function groupId(parent: string, group: string): string {
  return `${parent}/${group}`;
}

/** How many actions are in which phase. */
export function countPhases(actions: readonly ActionRow[]): PhaseCounts {
  const counts: Partial<Record<Phase, number>> = {};
  for (const action of actions) counts[action.phase] = (counts[action.phase] ?? 0) + 1;
  return counts;
}

/** Where to look first. Below a root that failed it is what the root heard of last: from it down to the failed child that
 * ended last before its parent did. Otherwise it is the action that failed earliest among those without a failed child. */
export function rootCause(actions: readonly ActionRow[]): ActionRow | undefined {
  const bad = actions.filter((action) => isBad(action.phase));
  const children = groupBy(bad, (action) => action.parent);
  const root = bad.find((action) => action.parent === "");
  if (root === undefined) return earliest(bad.filter((action) => !children.has(action.name)));
  let cause = root;
  for (let next = lastBefore(children.get(root.name) ?? [], root); next !== undefined; next = lastBefore(children.get(next.name) ?? [], next)) cause = next;
  return cause;
}

/** Of failed actions the one that ended first. */
export function earliest(bad: readonly ActionRow[]): ActionRow | undefined {
  return bad.reduce<ActionRow | undefined>((first, one) => (first === undefined || ended(one) < ended(first) ? one : first), undefined);
}

/** Of an action's failed children the one that ended last before it; what ended later cannot be why it failed. */
export function lastBefore(bad: readonly ActionRow[], parent: ActionRow): ActionRow | undefined {
  const before = bad.filter((one) => one.endedAt !== undefined && one.endedAt <= ended(parent));
  return before.reduce<ActionRow | undefined>((last, one) => (last === undefined || ended(one) > ended(last) ? one : last), undefined);
}

function ended(action: ActionRow): number {
  return action.endedAt ?? Number.MAX_SAFE_INTEGER;
}

/** In the order in which they began; ties by name, so that no row jumps. */
export function byStart(left: ActionRow, right: ActionRow): number {
  return (left.createdAt ?? Number.MAX_SAFE_INTEGER) - (right.createdAt ?? Number.MAX_SAFE_INTEGER) || (left.name < right.name ? -1 : 1);
}

export function indexed(actions: readonly ActionRow[]): Index {
  const names = new Set(actions.map((action) => action.name));
  const sorted = [...actions].sort(byStart);
  const isRoot = (action: ActionRow): boolean => action.parent === "" || !names.has(action.parent);
  return { roots: sorted.filter(isRoot), children: groupBy(sorted.filter((action) => !isRoot(action)), (action) => action.parent) };
}

export function groupBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const list = groups.get(key(item));
    if (list === undefined) groups.set(key(item), [item]);
    else list.push(item);
  }
  return groups;
}

/** Does an action meet the filter? */
export function fits({ title, name, group, phase }: ActionRow, { text, phases, group: wanted }: TreeFilter): boolean {
  if ((phases.size > 0 && !phases.has(phase)) || (wanted !== "" && group !== wanted)) return false;
  return `${title} ${name} ${group}`.toLowerCase().includes(text.trim().toLowerCase());
}

/** The groups of a run, the largest first. */
export function groupsOf(actions: readonly ActionRow[]): readonly { readonly name: string; readonly total: number }[] {
  const groups = [...groupBy(actions.filter(({ group }) => group !== ""), ({ group }) => group)].map(([name, members]) => ({ name, total: members.length }));
  return groups.sort((left, right) => right.total - left.total || (left.name < right.name ? -1 : 1));
}

/** Actions that meet the filter, and those above them, which are shown so that the others have a place. */
export function filtered(actions: readonly ActionRow[], filter: TreeFilter): { hits: ReadonlySet<string>; shown: ReadonlySet<string> } | undefined {
  if (filter.text.trim() === "" && filter.group === "" && filter.phases.size === 0) return undefined;
  const parents = new Map(actions.map((action) => [action.name, action.parent]));
  const hits = new Set<string>();
  const shown = new Set<string>();
  for (const action of actions) {
    if (!fits(action, filter)) continue;
    hits.add(action.name);
    for (let at: string | undefined = action.name; at !== undefined && at !== "" && !shown.has(at); at = parents.get(at)) shown.add(at);
  }
  return { hits, shown };
}
