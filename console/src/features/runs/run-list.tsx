/** Runs one by one, as virtual rows. While somebody looks at a place in the list, new runs wait above it. */
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type JSX, useEffect, useRef, useState } from "react";

import type { RunRow, Scope } from "../../lib/model";
import { isOver } from "../../lib/phase";
import { useKeys } from "../../ui/keys";
import { PhaseBadge } from "../../ui/phase";
import { Elapsed, When } from "../../ui/when";

interface Props {
  readonly scope: Scope;
  readonly rows: readonly RunRow[];
  /** Runs that were started here: they never wait. */
  readonly own: ReadonlySet<string>;
  readonly chosen: ReadonlySet<string>;
  readonly onChosen: (chosen: ReadonlySet<string>) => void;
  readonly onEnd: () => void;
}

const HIGH = 44;
const HIGH_SMALL = 56;

export function RunList({ scope, rows, own, chosen, onChosen, onEnd }: Props): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const small = window.matchMedia("(max-width: 760px)").matches;
  const { shown, waiting, show } = useSettledRows(rows, own, scroller);
  const list = useVirtualizer({ count: shown.length, getScrollElement: () => scroller.current, estimateSize: () => (small ? HIGH_SMALL : HIGH), overscan: 12 });
  const items = list.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= shown.length - 20) onEnd();
  }, [last, shown.length, onEnd]);
  const toggle = (run: string): void => {
    const next = new Set(chosen);
    if (!next.delete(run)) next.add(run);
    onChosen(next);
  };
  useKeys((event) => {
    const here = document.activeElement?.closest<HTMLElement>("[data-run]")?.dataset["run"];
    if (event.key === "x" && here !== undefined) toggle(here);
  });
  return (
    <div className="list runs">
      <div className="row head" aria-hidden="true">
        <span />
        <span>Run</span>
        <span>Task</span>
        <span>Phase</span>
        <span>Duration</span>
        <span>Started</span>
        <span>By</span>
      </div>
      {waiting > 0 && (
        <button type="button" className="quiet" style={{ width: "100%", justifyContent: "center" }} onClick={show}>
          {waiting} new {waiting === 1 ? "run" : "runs"}
        </button>
      )}
      <div ref={scroller} className="scroller" style={{ height: `min(${String(shown.length * (small ? HIGH_SMALL : HIGH) + 2)}px, calc(100vh - 290px))` }}>
        <ul className="spacer" style={{ height: list.getTotalSize() }} aria-label="runs">
          {items.map((item) => {
            const run = shown[item.index];
            if (run === undefined) return null;
            return <Row key={run.run} run={run} scope={scope} top={item.start} chosen={chosen.has(run.run)} onToggle={() => toggle(run.run)} />;
          })}
        </ul>
      </div>
    </div>
  );
}

function Row({ run, scope, top, chosen, onToggle }: { readonly run: RunRow; readonly scope: Scope; readonly top: number; readonly chosen: boolean; readonly onToggle: () => void }): JSX.Element {
  const labels = Object.entries(run.labels);
  return (
    <li className="row" style={{ transform: `translateY(${String(top)}px)` }} data-run={run.run} data-walk>
      <input type="checkbox" checked={chosen} aria-label={`choose ${run.run}`} onChange={onToggle} />
      <Link className="mono cut" to="/domain/$domain/project/$project/runs/$run" params={{ ...scope, run: run.run }} title={run.run}>
        {run.run}
      </Link>
      <span className="line">
        <span className="cut" title={run.task?.name}>
          {run.title}
        </span>
        {labels.slice(0, 2).map(([name, value]) => (
          <span key={name} className="label cut hide-small">
            {name}={value}
          </span>
        ))}
      </span>
      <PhaseBadge phase={run.phase} />
      <Elapsed from={run.createdAt} to={run.endedAt} running={!isOver(run.phase)} />
      <span className="soft">
        <When at={run.createdAt} />
      </span>
      <span className="soft cut" title={run.user}>
        {run.user}
      </span>
    </li>
  );
}

/** Known rows change in place. New ones of others come in at once only while the list is at its top and not in use. */
function useSettledRows(rows: readonly RunRow[], own: ReadonlySet<string>, scroller: React.RefObject<HTMLDivElement | null>): { shown: readonly RunRow[]; waiting: number; show: () => void } {
  const [newest, setNewest] = useState(Number.MAX_SAFE_INTEGER);
  const top = rows[0]?.createdAt ?? 0;
  useEffect(() => {
    const box = scroller.current;
    const inUse = box !== null && (box.scrollTop > 4 || box.matches(":hover, :focus-within"));
    setNewest((before) => (inUse && before !== Number.MAX_SAFE_INTEGER ? before : top));
  }, [top, scroller]);
  useEffect(() => {
    scroller.current?.scrollTo({ top: 0 });
  }, [own, scroller]);
  const shown = rows.filter((run) => (run.createdAt ?? 0) <= newest || own.has(run.run));
  return { shown, waiting: rows.length - shown.length, show: () => setNewest(top) };
}
