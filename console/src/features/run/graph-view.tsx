/** The graph of a run. Nodes are buttons at their places, arrows are drawn below them: what can be clicked can be
 * reached by keys, and read aloud. */
import { type CSSProperties, type JSX, type KeyboardEvent, useEffect, useRef } from "react";

import { type Graph, type GraphNode, neighbour } from "../../lib/graph";
import type { ActionRow } from "../../lib/model";
import { badOf, orderedCounts, phaseWord } from "../../lib/phase";
import { PhaseBar, PhaseMark, PhaseTally } from "../../ui/phase";
import { Empty } from "../../ui/states";
import { Took } from "./took";

interface Props {
  readonly graph: Graph;
  readonly selected: string;
  readonly onSelect: (action: ActionRow) => void;
  readonly onFold: (id: string, open: boolean) => void;
  readonly onList: () => void;
}

/** Size of a node and of the way to the next one, in CSS pixels. */
const WIDE = 176;
const HIGH = 46;
const GAP_X = 34;
const GAP_Y = 10;
const EDGE = 12;

export function GraphView({ graph, selected, onSelect, onFold, onList }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const drawn = graph.nodes.some((node) => node.id === selected);
  const entry = drawn ? selected : graph.nodes[0]?.id;
  const shown = useRef("");
  useEffect(() => {
    if (!drawn || shown.current === selected) return;
    shown.current = selected;
    nodeOf(box.current, selected)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [drawn, selected]);
  if (graph.nodes.length === 0) return <Empty title="No action fits" />;
  const move = (event: KeyboardEvent): void => {
    if (!event.key.startsWith("Arrow")) return;
    const from = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>("[data-node]")?.dataset["node"] : undefined;
    const to = neighbour(graph, from ?? entry ?? "", event.key);
    event.preventDefault();
    if (to !== undefined) nodeOf(box.current, to)?.querySelector("button")?.focus();
  };
  const width = graph.columns * (WIDE + GAP_X) - GAP_X + 2 * EDGE;
  const height = graph.rows * (HIGH + GAP_Y) - GAP_Y + 2 * EDGE;
  return (
    <div ref={box} className="scroller graph" role="group" aria-label={`graph of ${String(graph.nodes.length)} nodes`} onKeyDown={move}>
      <div style={{ position: "relative", width, height }}>
        <Arrows graph={graph} width={width} height={height} />
        {graph.nodes.map((node) => (
          <Node key={node.id} node={node} here={node.id === selected} entry={node.id === entry} onSelect={onSelect} onFold={onFold} onList={onList} />
        ))}
      </div>
    </div>
  );
}

function nodeOf(box: HTMLElement | null, id: string): HTMLElement | null {
  return box?.querySelector<HTMLElement>(`[data-node="${CSS.escape(id)}"]`) ?? null;
}

function left(node: GraphNode): number {
  return EDGE + node.x * (WIDE + GAP_X);
}

function top(node: GraphNode): number {
  return EDGE + node.y * (HIGH + GAP_Y);
}

function Arrows({ graph, width, height }: { readonly graph: Graph; readonly width: number; readonly height: number }): JSX.Element {
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  return (
    <svg className="arrows" width={width} height={height} fill="none" aria-hidden="true" style={{ position: "absolute" }}>
      {graph.nodes.map((node) => {
        const from = node.link === undefined ? undefined : byId.get(node.link.from);
        if (from === undefined || node.link === undefined) return null;
        const [x1, y1, x2, y2] = [left(from) + WIDE, top(from) + HIGH / 2, left(node) - 2, top(node) + HIGH / 2];
        const bend = Math.min(GAP_X, x2 - x1);
        const path = `M${String(x1)} ${String(y1)}H${String(x2 - bend)}C${String(x2 - bend / 3)} ${String(y1)} ${String(x2 - (2 * bend) / 3)} ${String(y2)} ${String(x2)} ${String(y2)}m-5 -4l5 4l-5 4`;
        return <path key={node.id} d={path} className={node.link.how} />;
      })}
    </svg>
  );
}

interface NodeProps extends Omit<Props, "graph" | "selected"> {
  readonly node: GraphNode;
  readonly here: boolean;
  readonly entry: boolean;
}

function Node({ node, here, entry, onSelect, onFold, onList }: NodeProps): JSX.Element {
  const style = { left: left(node), top: top(node), width: WIDE, height: HIGH } satisfies CSSProperties;
  const reach = entry ? 0 : -1;
  const box = (children: JSX.Element, kind: string): JSX.Element => (
    <div className={`node ${kind} ${here ? "here" : ""}`} style={style} data-node={node.id}>
      {children}
    </div>
  );
  switch (node.kind) {
    case "action": {
      const { action } = node;
      const main = (
        <button type="button" tabIndex={reach} aria-current={here} title={`${action.title} (${action.name})`} onClick={() => onSelect(action)}>
          <PhaseMark phase={action.phase} />
          <span className="cut grow">
            <span className="cut name">{action.title}</span>
            <span className="soft small">
              <Took action={action} />
              {action.kind !== "task" && ` · ${action.kind}`}
              {action.attempts > 1 && ` · ${String(action.attempts)} attempts`}
            </span>
          </span>
        </button>
      );
      return box(
        <>
          {main}
          {node.below > 0 && (
            <button type="button" className="below number" tabIndex={reach} aria-expanded={node.open} aria-label={`${node.open ? "fold" : "unfold"} ${action.title}`} onClick={() => onFold(node.id, !node.open)}>
              {node.open ? "–" : `+${node.below.toLocaleString()}`}
            </button>
          )}
        </>,
        "action",
      );
    }
    case "fold":
      return box(
        <button type="button" tabIndex={reach} aria-expanded={node.open} aria-label={foldLabel(node)} onClick={() => onFold(node.id, !node.open)}>
          <span className="grow stack" style={{ gap: 5 }}>
            <span className="line">
              <span className="cut name grow">{node.name}</span>
              <PhaseTally counts={badOf(node.counts)} />
              <span className="number soft">× {node.size.toLocaleString()}</span>
            </span>
            <PhaseBar counts={node.counts} />
          </span>
        </button>,
        "fold-node",
      );
    case "rest":
      return box(
        <button type="button" tabIndex={reach} onClick={onList}>
          <span className="soft">{node.size.toLocaleString()} more, in the tree</span>
        </button>,
        "rest",
      );
    default:
      return node satisfies never;
  }
}

function foldLabel(node: Extract<GraphNode, { kind: "fold" }>): string {
  const counts = orderedCounts(node.counts).map(([phase, count]) => `${String(count)} ${phaseWord(phase).toLowerCase()}`);
  return `${node.name}, ${String(node.size)} actions: ${counts.join(", ")}`;
}
