/** The tree of a run as virtual rows. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type JSX, useEffect, useRef } from "react";

import type { ActionRow } from "../../lib/model";
import { orderedCounts } from "../../lib/phase";
import type { TreeRow } from "../../lib/tree";
import { PhaseMark, PhaseTally } from "../../ui/phase";
import { Empty } from "../../ui/states";
import { Took } from "./took";

interface Props {
  readonly rows: readonly TreeRow[];
  readonly selected: string;
  readonly onSelect: (action: ActionRow) => void;
  readonly onFold: (id: string, open: boolean) => void;
}

/** Height of a row, in CSS pixels. */
export const HIGH = 32;

export function TreeList({ rows, selected, onSelect, onFold }: Props): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => HIGH, overscan: 12 });
  const at = rows.findIndex((row) => row.id === selected);
  const shown = useRef("");
  useEffect(() => {
    // Only a new selection scrolls: rows that arrive above it must not.
    if (at < 0 || shown.current === selected) return;
    shown.current = selected;
    list.scrollToIndex(at);
  }, [at, selected, list]);
  if (rows.length === 0) return <Empty title="No action fits" />;
  return (
    <div ref={scroller} className="scroller tree" style={{ height: `min(${String(rows.length * HIGH + 2)}px, 68vh)` }}>
      <ul className="spacer" style={{ height: list.getTotalSize() }} aria-label="tree of actions">
        {list.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          const style = { transform: `translateY(${String(item.start)}px)`, "--depth": row.depth } as const satisfies CSSProperties & { "--depth": number };
          return row.kind === "group" ? (
            <li key={row.id} className="row" style={style} onClick={() => onFold(row.id, !row.open)}>
              <Fold open={row.open} name={row.name} onFold={(open) => onFold(row.id, open)} />
              <span className="cut">
                {row.name} <span className="soft number">{row.size.toLocaleString()}</span>
              </span>
              <span className="grow" />
              <PhaseTally counts={row.counts} />
            </li>
          ) : (
            <ActionItem key={row.id} row={row} style={style} here={row.id === selected} onSelect={() => onSelect(row.action)} onFold={(open) => onFold(row.id, open)} />
          );
        })}
      </ul>
    </div>
  );
}

interface Item {
  readonly row: Extract<TreeRow, { kind: "action" }>;
  readonly style: CSSProperties;
  readonly here: boolean;
  /** Its group, where no row above it says so. */
  readonly group?: string;
  readonly onSelect: () => void;
  readonly onFold: (open: boolean) => void;
}

export function ActionItem({ row, style, here, group = "", onSelect, onFold }: Item): JSX.Element {
  const { action } = row;
  const folded = row.foldable && !row.open ? orderedCounts(action.children).reduce((sum, [, count]) => sum + count, 0) : 0;
  return (
    <li className={`row ${here ? "here" : ""} ${row.dimmed ? "dimmed" : ""}`} style={style} onClick={onSelect} data-action={action.name}>
      {row.foldable ? <Fold open={row.open} name={action.title} onFold={onFold} /> : <span className="fold" />}
      <PhaseMark phase={action.phase} />
      <button type="button" className="quiet cut" style={{ display: "block" }} aria-current={here} onClick={onSelect} title={`${action.title} (${action.name})`}>
        {action.title}
      </button>
      {action.kind !== "task" && <span className="label">{action.kind}</span>}
      {action.attempts > 1 && <span className="label">{action.attempts} attempts</span>}
      {action.cache === "hit" && <span className="label">cached</span>}
      {group !== "" && <span className="label cut">{group}</span>}
      {folded > 0 && <span className="soft small number">{folded.toLocaleString()} below</span>}
      <span className="grow" />
      <span className="soft small">
        <Took action={action} />
      </span>
    </li>
  );
}

function Fold({ open, name, onFold }: { readonly open: boolean; readonly name: string; readonly onFold: (open: boolean) => void }): JSX.Element {
  return (
    <button
      type="button"
      className="fold"
      aria-expanded={open}
      aria-label={`${open ? "fold" : "unfold"} ${name}`}
      onClick={(event) => {
        event.stopPropagation();
        onFold(!open);
      }}
    >
      <svg width="12" height="12" viewBox="0 0 12 12" fill="none" stroke="currentColor" strokeWidth="1.8" aria-hidden="true">
        <path d={open ? "M2.5 4.5L6 8l3.5-3.5" : "M4.5 2.5L8 6l-3.5 3.5"} />
      </svg>
    </button>
  );
}
