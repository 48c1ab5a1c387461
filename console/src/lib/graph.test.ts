import { expect, test } from "vitest";

import { type Graph, graphOf, MOST_NODES, neighbour, stagesOf } from "./graph";
import type { ActionRow } from "./model";
import type { Folding, TreeFilter } from "./tree";

const ALL: TreeFilter = { text: "", phases: new Set(), group: "" };
const NONE: Folding = new Map();

function action(name: string, parent: string, from: number, to: number, more: Partial<ActionRow> = {}): ActionRow {
  const fixed = { run: "r", group: "", kind: "task", title: name, task: undefined, environment: "", queue: "", phase: "succeeded", attempts: 1, cache: "disabled", children: {} } as const;
  return { ...fixed, name, parent, createdAt: from, startedAt: from, endedAt: to, ...more };
}

const seen = (graph: Graph): readonly string[] => graph.nodes.map((node) => `${node.id} ${String(node.x)},${String(node.y)}${node.link === undefined ? "" : ` ${node.link.how} ${node.link.from}`}`);

test("what came after what stands to its right, what ran together below each other", () => {
  const actions = [action("a0", "", 0, 100), action("load", "a0", 1, 10), action("left", "a0", 11, 30), action("right", "a0", 12, 40), action("deep", "left", 13, 20), action("end", "a0", 41, 50)];
  expect(seen(graphOf(actions, NONE, ALL))).toEqual(["a0 0,0", "load 1,0 started a0", "left 2,0 then load", "deep 3,0 started left", "right 2,1 then load", "end 4,0 then right"]);
});

test("like siblings are one node until somebody opens it, and never more are drawn than there is room for", () => {
  const many = Array.from({ length: 20_000 }, (_, index) => action(`n${String(index)}`, "a0", index, index + 5, { title: "square", group: index % 2 === 0 ? "even" : "" }));
  const graph = graphOf([action("a0", "", 0, 1e9), ...many], NONE, ALL);
  expect(graph.nodes.map((node) => (node.kind === "fold" ? [node.name, node.size, node.counts] : node.id))).toEqual(["a0", ["even", 10_000, { succeeded: 10_000 }], ["square", 10_000, { succeeded: 10_000 }]]);
  const opened = graphOf([action("a0", "", 0, 1e9), ...many], new Map([["a0/group even", true]]), ALL);
  expect(opened.nodes.at(-2)).toMatchObject({ kind: "rest", size: 9_960 });
  const wide = Array.from({ length: 5_000 }, (_, index) => action(`w${String(index)}`, index === 0 ? "" : `w${String(Math.floor((index - 1) / 3))}`, index, index + 1));
  const tree = graphOf(wide, NONE, ALL);
  expect(tree.nodes.length).toBeLessThanOrEqual(MOST_NODES);
  expect(tree.nodes.some((node) => node.kind === "action" && node.below > 0 && !node.open)).toBe(true);
});

test("clocks that disagree and actions that never began give a graph all the same", () => {
  const odd = [action("a0", "", 50, 10, { phase: "running" }), action("b", "a0", 60, 20), { ...action("c", "a0", 0, 0, { phase: "queued" }), createdAt: undefined, endedAt: undefined }, action("lost", "gone", 1, 2, { phase: "unknown" })];
  const graph = graphOf(odd, NONE, ALL);
  expect(graph.nodes.map((node) => node.id).sort()).toEqual(["a0", "b", "c", "lost"]);
  expect(stagesOf([{ from: 5, to: 5 }, { from: 5, to: 9 }, { from: 7, to: 8 }]).map((stage) => stage.length)).toEqual([2, 1]);
});

test("arrow keys follow the arrows and the columns", () => {
  const graph = graphOf([action("a0", "", 0, 9), action("b", "a0", 1, 5), action("c", "a0", 2, 3), action("d", "a0", 6, 7)], NONE, ALL);
  expect(["ArrowRight", "ArrowLeft"].map((key) => neighbour(graph, "b", key))).toEqual(["d", "a0"]);
  expect([neighbour(graph, "b", "ArrowDown"), neighbour(graph, "c", "ArrowUp"), neighbour(graph, "c", "ArrowDown"), neighbour(graph, "gone", "ArrowUp")]).toEqual(["c", "b", undefined, "a0"]);
});
