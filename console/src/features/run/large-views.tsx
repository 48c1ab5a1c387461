/** The actions of a large run as a tree, over time, or summed up by task, with one filter for all. */
import { type JSX, useMemo } from "react";

import { type Counts } from "../../api/run-view";
import type { ActionRow, RunKey } from "../../lib/model";
import { asPhase, type Phase, PHASES } from "../../lib/phase";
import type { ActionSearch } from "../../lib/search";
import { Tabs } from "../../ui/controls";
import { Find } from "../../ui/find";
import { PhaseMark } from "../../ui/phase";
import { GroupFilter } from "./group-filter";
import { LargeFound } from "./large-found";
import { LargeSums } from "./large-sums";
import { LargeTimeline } from "./large-timeline";
import { LargeTree } from "./large-tree";
import type { SearchChange } from "./run-page";

/** What all views of a large run are given. */
export interface LargeView {
  readonly runKey: RunKey;
  readonly root: ActionRow;
  readonly counts: Counts;
  /** Something may still change. */
  readonly live: boolean;
  readonly selected: string;
  readonly onSelect: (action: ActionRow) => void;
}

interface Props extends LargeView {
  readonly search: ActionSearch;
  readonly onSearch: (search: SearchChange) => void;
}

const VIEWS = [
  { id: "tree", label: "Tree" },
  { id: "timeline", label: "Timeline" },
  { id: "graph", label: "By task" },
];

export function LargeViews({ search, onSearch, ...given }: Props): JSX.Element {
  const { counts } = given;
  const view = search.view === "timeline" || search.view === "graph" ? search.view : "tree";
  const phases = useMemo(() => (search.phase ?? "").split(",").flatMap((text) => asPhase(text) ?? []), [search.phase]);
  const text = (search.q ?? "").trim();
  const group = search.group ?? "";
  const list = (): JSX.Element => {
    if (text !== "" || group !== "") return <LargeFound key={JSON.stringify([text, group, phases])} {...given} what={{ text, group, phases, started: undefined }} />;
    return <LargeTree key={phases.join()} {...given} phases={phases} />;
  };
  return (
    <section className="list" aria-label="actions">
      <Tabs tabs={VIEWS} chosen={view} onChoose={(id) => onSearch({ view: id === "tree" ? undefined : id })} label="view" />
      <div className="line wrap" style={{ padding: "8px 10px" }}>
        <Find label="find an action" className="grow" text={search.q ?? ""} onText={(q) => onSearch({ q: q === "" ? undefined : q })} />
        <GroupFilter runKey={given.runKey} groups={counts.groups} chosen={group} onChosen={(next) => onSearch({ group: next })} />
        <Phases counts={counts} chosen={phases} onChosen={(next) => onSearch({ phase: next.length === 0 ? undefined : next.join(",") })} />
      </div>
      {view === "tree" && list()}
      {view === "timeline" && <LargeTimeline {...given} phases={phases} text={text} group={group} />}
      {view === "graph" && <LargeSums counts={counts} onTask={(q) => onSearch({ q, group: undefined, view: undefined })} onGroup={(name) => onSearch({ group: name, q: undefined, view: undefined })} />}
    </section>
  );
}

function Phases({ counts, chosen, onChosen }: { readonly counts: Counts; readonly chosen: readonly Phase[]; readonly onChosen: (phases: readonly Phase[]) => void }): JSX.Element {
  const count = (phase: Phase): number => counts.all.counts[phase] ?? 0;
  // No filter of the server is called so.
  const there = PHASES.filter((phase) => phase !== "unknown" && (count(phase) > 0 || chosen.includes(phase)));
  return (
    <span className="line wrap" role="group" aria-label="phases">
      {there.map((phase) => (
        <button key={phase} type="button" className="toggle chip" aria-pressed={chosen.includes(phase)} onClick={() => onChosen(chosen.includes(phase) ? chosen.filter((one) => one !== phase) : [...chosen, phase])}>
          <PhaseMark phase={phase} size={13} /> <span className="number">{count(phase).toLocaleString()}</span>
        </button>
      ))}
    </span>
  );
}
