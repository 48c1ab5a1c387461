/** The graph of a run: who started whom, and who came after whom. Columns go with time: what a parent did next stands
 * to the right of what it did before. Like actions are folded into one node, so that a run of a million actions has a
 * few hundred nodes at most. Pure. */
import type { ActionRow } from "./model";
import { isOver, type PhaseCounts } from "./phase";
import { byStart, countPhases, filtered, type Folding, groupBy, indexed, type TreeFilter } from "./tree";

/** Never more nodes than these are drawn. */
export const MOST_NODES = 300;
/** Siblings of one group or one task are folded into a node when they are at least so many. */
export const FOLD_FROM = 5;
/** Of an opened fold so many are drawn; the tree lists all of them. */
const MOST_OF_A_FOLD = 40;

/** How a node hangs on the one before it: started by it, or done after it. */
export interface GraphLink {
  readonly from: string;
  readonly how: "started" | "then";
}

interface Place {
  readonly id: string;
  readonly link: GraphLink | undefined;
  /** The node whose action started this one. */
  readonly parent: string | undefined;
  /** Column and row. */
  readonly x: number;
  readonly y: number;
}

export type GraphNode = Place &
  (
    | { readonly kind: "action"; readonly action: ActionRow; readonly below: number; readonly open: boolean }
    | { readonly kind: "fold"; readonly name: string; readonly counts: PhaseCounts; readonly size: number; readonly open: boolean }
    | { readonly kind: "rest"; readonly size: number }
  );

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly columns: number;
  readonly rows: number;
}

/** A node before it has a place. */
interface Draft {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly node: DraftNode;
  children: Draft[];
}

type DraftNode =
  | { readonly kind: "action"; readonly action: ActionRow; readonly below: number; open: boolean }
  | { readonly kind: "fold"; readonly name: string; readonly members: readonly ActionRow[]; open: boolean }
  | { readonly kind: "rest"; readonly size: number };

/** The graph of what the filter shows. `folding` is what somebody opened or folded by hand. */
export function graphOf(actions: readonly ActionRow[], folding: Folding, filter: TreeFilter): Graph {
  const wanted = filtered(actions, filter);
  const index = indexed(wanted === undefined ? actions : actions.filter((action) => wanted.shown.has(action.name)));
  const childrenOf = (name: string): readonly ActionRow[] => index.children.get(name) ?? [];
  const drafts = index.roots.slice(0, MOST_NODES).map((root) => actionDraft(root, childrenOf(root.name).length));
  grow(drafts, childrenOf, folding);
  const nodes: GraphNode[] = [];
  const size = place({ x: 0, y: 0, parent: undefined }, drafts, nodes);
  return { nodes, columns: size.columns, rows: size.rows };
}

/** Opens nodes breadth first for as long as there is room: what is near the root is seen first. */
function grow(roots: readonly Draft[], childrenOf: (name: string) => readonly ActionRow[], folding: Folding): void {
  let count = roots.length;
  for (const queue = [...roots]; queue.length > 0; ) {
    const draft = queue.shift();
    if (draft === undefined || draft.node.kind === "rest") continue;
    const { node } = draft;
    const open = folding.get(draft.id) ?? node.kind === "action";
    if (!open) continue;
    const children = node.kind === "action" ? draftsOf(draft.id, childrenOf(node.action.name), childrenOf) : membersOf(draft.id, node.members, childrenOf);
    if (children.length === 0 || count + children.length > MOST_NODES) continue;
    node.open = true;
    draft.children = children;
    count += children.length;
    queue.push(...children);
  }
}

/** What stands below an action: single actions, and folds of those that are alike. */
function draftsOf(parent: string, children: readonly ActionRow[], childrenOf: (name: string) => readonly ActionRow[]): Draft[] {
  const groups = groupBy(children, (child) => (child.group === "" ? `task ${child.title}` : `group ${child.group}`));
  const drafts: Draft[] = [];
  for (const [key, members] of groups) {
    const [first] = members;
    if (first === undefined) continue;
    if (members.length < FOLD_FROM) drafts.push(...members.map((member) => actionDraft(member, childrenOf(member.name).length)));
    else drafts.push(foldDraft(`${parent}/${key}`, first.group === "" ? first.title : first.group, members));
  }
  return capped(parent, drafts, MOST_NODES / 2);
}

function membersOf(fold: string, members: readonly ActionRow[], childrenOf: (name: string) => readonly ActionRow[]): Draft[] {
  return capped(fold, members.slice(0, MOST_OF_A_FOLD).map((member) => actionDraft(member, childrenOf(member.name).length)), MOST_OF_A_FOLD, members.length);
}

/** The first ones, and one node for the rest. */
function capped(parent: string, drafts: Draft[], most: number, all = drafts.length): Draft[] {
  if (all <= most) return drafts;
  const shown = drafts.slice(0, most);
  const last = shown.at(-1);
  shown.push({ id: `${parent}/rest`, from: last?.from ?? 0, to: Number.MAX_SAFE_INTEGER, node: { kind: "rest", size: all - shown.length }, children: [] });
  return shown;
}

function actionDraft(action: ActionRow, below: number): Draft {
  return { id: action.name, from: startOf(action), to: endOf(action), node: { kind: "action", action, below, open: false }, children: [] };
}

function foldDraft(id: string, name: string, members: readonly ActionRow[]): Draft {
  let from = Number.MAX_SAFE_INTEGER;
  let to = 0;
  for (const member of members) {
    from = Math.min(from, startOf(member));
    to = Math.max(to, endOf(member));
  }
  return { id, from, to, node: { kind: "fold", name, members, open: false }, children: [] };
}

function startOf(action: ActionRow): number {
  return action.createdAt ?? Number.MAX_SAFE_INTEGER;
}

/** What is over ended at the latest when a clock says so; what is not may end at any time. */
function endOf(action: ActionRow): number {
  return isOver(action.phase) ? Math.max(action.endedAt ?? startOf(action), startOf(action)) : Number.MAX_SAFE_INTEGER;
}

/** Siblings in stages: a stage begins after one of the stage before had ended. */
export function stagesOf<T extends { readonly from: number; readonly to: number }>(siblings: readonly T[]): readonly (readonly T[])[] {
  const stages: T[][] = [];
  const ended: { readonly from: number; readonly at: number; readonly stage: number }[] = [];
  for (const one of [...siblings].sort((left, right) => left.from - right.from)) {
    const stage = ended.reduce((most, before) => (isBefore(before, one.from) ? Math.max(most, before.stage + 1) : most), 0);
    (stages[stage] ??= []).push(one);
    ended.push({ from: one.from, at: one.to, stage });
  }
  return stages;
}

/** What took no time at all (cache hits) came after nothing that began in the same moment. */
function isBefore(one: { readonly from: number; readonly at: number }, start: number): boolean {
  return one.at < start || (one.at === start && one.from < one.at);
}

interface Corner {
  readonly x: number;
  readonly y: number;
  readonly parent: string | undefined;
}

/** Puts siblings and all below them at their places; answers how much room they took. */
function place(corner: Corner, siblings: readonly Draft[], nodes: GraphNode[], members = false): { readonly columns: number; readonly rows: number } {
  let columns = 0;
  let rows = 0;
  let before: Draft | undefined;
  // Members of a fold are alike: when each of them ran says nothing about what came of what.
  for (const stage of members ? [siblings] : stagesOf(siblings)) {
    let width = 0;
    let height = 0;
    for (const draft of stage) {
      const at = { x: corner.x + columns, y: corner.y + height, parent: corner.parent };
      const link: GraphLink | undefined = before !== undefined ? { from: before.id, how: "then" } : corner.parent !== undefined ? { from: corner.parent, how: "started" } : undefined;
      nodes.push(placed(draft, at, link));
      const below = place({ x: at.x + 1, y: at.y, parent: draft.id }, draft.children, nodes, draft.node.kind === "fold");
      width = Math.max(width, 1 + below.columns);
      height += Math.max(1, below.rows);
    }
    columns += width;
    rows = Math.max(rows, height);
    before = stage.reduce<Draft | undefined>((last, one) => (last === undefined || (one.to > last.to && one.to !== Number.MAX_SAFE_INTEGER) ? one : last), undefined);
  }
  return { columns, rows };
}

function placed(draft: Draft, at: Corner, link: GraphLink | undefined): GraphNode {
  const place = { id: draft.id, link, parent: at.parent, x: at.x, y: at.y };
  const { node } = draft;
  switch (node.kind) {
    case "action":
      return { ...place, kind: "action", action: node.action, below: node.below, open: node.open };
    case "fold":
      return { ...place, kind: "fold", name: node.name, counts: countPhases(node.members), size: node.members.length, open: node.open };
    case "rest":
      return { ...place, kind: "rest", size: node.size };
    default:
      return node satisfies never;
  }
}

/** Where an arrow key goes from a node: along the arrows, or to the neighbour in the same column. */
export function neighbour(graph: Graph, id: string, key: string): string | undefined {
  const here = graph.nodes.find((node) => node.id === id);
  if (here === undefined) return graph.nodes[0]?.id;
  if (key === "ArrowLeft") return here.link?.from;
  if (key === "ArrowRight") return graph.nodes.find((node) => node.link?.from === id && node.link.how === "started")?.id ?? graph.nodes.find((node) => node.link?.from === id)?.id;
  const column = graph.nodes.filter((node) => node.x === here.x).sort((left, right) => left.y - right.y);
  const at = column.indexOf(here);
  return key === "ArrowDown" ? column[at + 1]?.id : key === "ArrowUp" ? column[at - 1]?.id : undefined;
}

/** In the order of the tree, for `j` and `k`. */
export function actionsOf(graph: Graph): readonly ActionRow[] {
  return graph.nodes.flatMap((node) => (node.kind === "action" ? [node.action] : [])).sort(byStart);
}
