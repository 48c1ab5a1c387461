/** The actions of a run as a tree, on a timeline or as a graph, with one filter and one selection for all. */
import { type JSX, useMemo, useState } from "react";

import { actionsOf, graphOf } from "../../lib/graph";
import type { ActionRow, RunKey } from "../../lib/model";
import { asPhase, isOver, type Phase, PHASES } from "../../lib/phase";
import type { ActionSearch } from "../../lib/search";
import { byStart, countPhases, fits, type Folding, groupsOf, type TreeFilter, treeRows } from "../../lib/tree";
import { Tabs } from "../../ui/controls";
import { Find } from "../../ui/find";
import { focusAction, sideways, stepOf, useKeys } from "../../ui/keys";
import { PhaseMark } from "../../ui/phase";
import { GroupFilter } from "./group-filter";
import { GraphView } from "./graph-view";
import type { SearchChange } from "./run-page";
import { Timeline } from "./timeline";
import { TreeList } from "./tree-list";

interface Props {
  readonly runKey: RunKey;
  readonly actions: readonly ActionRow[];
  readonly selected: ActionRow;
  readonly search: ActionSearch;
  readonly onSearch: (search: SearchChange) => void;
  readonly onSelect: (action: ActionRow) => void;
}

const VIEWS = [
  { id: "tree", label: "Tree" },
  { id: "timeline", label: "Timeline" },
  { id: "graph", label: "Graph" },
];

export function ActionViews({ runKey, actions, selected, search, onSearch, onSelect }: Props): JSX.Element {
  const [folding, setFolding] = useState<Folding>(new Map());
  const view = search.view === "timeline" || search.view === "graph" ? search.view : "tree";
  const filter = useMemo<TreeFilter>(() => ({ text: search.q ?? "", phases: new Set((search.phase ?? "").split(",").flatMap((text) => asPhase(text) ?? [])), group: search.group ?? "" }), [search.q, search.phase, search.group]);
  const groups = useMemo(() => groupsOf(actions), [actions]);
  const rows = useMemo(() => treeRows(actions, folding, filter), [actions, folding, filter]);
  const bars = useMemo(() => barsOf(actions, filter), [actions, filter]);
  const graph = useMemo(() => (view === "graph" ? graphOf(actions, folding, filter) : undefined), [view, actions, folding, filter]);
  const order = useMemo(() => (graph !== undefined ? actionsOf(graph) : view === "timeline" ? bars : rows.flatMap((row) => (row.kind === "action" ? [row.action] : []))), [view, graph, bars, rows]);
  const fold = (id: string, open: boolean): void => setFolding((before) => new Map(before).set(id, open));
  useKeys((event) => {
    const at = order.findIndex((action) => action.name === selected.name);
    const step = stepOf(event);
    const next = step === undefined ? undefined : order[at + step];
    if (next !== undefined) {
      onSelect(next);
      focusAction(next.name);
      return;
    }
    // In the graph arrows go from node to node instead.
    const side = view === "tree" ? sideways(event) : undefined;
    if (side !== undefined) fold(selected.name, side === "right");
  });
  return (
    <section className="list" aria-label="actions">
      <Tabs tabs={VIEWS} chosen={view} onChoose={(id) => onSearch({ view: id === "tree" ? undefined : id })} label="view" />
      <div className="line wrap" style={{ padding: "8px 10px" }}>
        <Find label="find an action" className="grow" text={search.q ?? ""} onText={(q) => onSearch({ q: q === "" ? undefined : q })} />
        <GroupFilter runKey={runKey} groups={groups} chosen={filter.group} onChosen={(group) => onSearch({ group })} />
        <PhaseFilter actions={actions} chosen={filter.phases} onChosen={(phases) => onSearch({ phase: phases.length === 0 ? undefined : phases.join(",") })} />
      </div>
      {graph !== undefined ? (
        <GraphView graph={graph} selected={selected.name} onSelect={onSelect} onFold={fold} onList={() => onSearch({ view: undefined })} />
      ) : view === "tree" ? (
        <TreeList rows={rows} selected={selected.name} onSelect={onSelect} onFold={fold} />
      ) : (
        <Timeline actions={bars} selected={selected.name} onSelect={onSelect} running={bars.some((action) => !isOver(action.phase))} />
      )}
    </section>
  );
}

function PhaseFilter({ actions, chosen, onChosen }: { readonly actions: readonly ActionRow[]; readonly chosen: ReadonlySet<Phase>; readonly onChosen: (phases: readonly Phase[]) => void }): JSX.Element {
  const counts = useMemo(() => countPhases(actions), [actions]);
  const there = PHASES.filter((phase) => (counts[phase] ?? 0) > 0 || chosen.has(phase));
  return (
    <span className="line wrap" role="group" aria-label="phases">
      {there.map((phase) => (
        <button key={phase} type="button" className="toggle chip" aria-pressed={chosen.has(phase)} onClick={() => onChosen(chosen.has(phase) ? [...chosen].filter((one) => one !== phase) : [...chosen, phase])}>
          <PhaseMark phase={phase} size={13} /> <span className="number">{(counts[phase] ?? 0).toLocaleString()}</span>
        </button>
      ))}
    </span>
  );
}

function barsOf(actions: readonly ActionRow[], filter: TreeFilter): readonly ActionRow[] {
  return actions.filter((action) => fits(action, filter)).sort(byStart);
}
