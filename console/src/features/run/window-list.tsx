/** Rows of which only those on the screen are known. Every row has its place and its height before it is read, so that
 * nothing jumps. Lists that are longer than browsers can scroll are shown in slices. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type JSX, useEffect, useRef, useState } from "react";

import type { ActionRow } from "../../lib/model";
import type { TreeRow } from "../../lib/tree";
import { SLICE, sliceOf } from "../../lib/window";
import { focusAction, sideways, stepOf, useKeys } from "../../ui/keys";
import { ActionItem, HIGH } from "./tree-list";

export type WindowedRow = Extract<TreeRow, { kind: "action" }>;

interface Props {
  readonly label: string;
  readonly count: number;
  /** `undefined`: not read yet. */
  readonly rowAt: (index: number) => WindowedRow | undefined;
  readonly selected: string;
  readonly onSelect: (action: ActionRow) => void;
  readonly onFold: (index: number, row: WindowedRow, open: boolean) => void;
  /** What is on the screen now: from the first row to before the end. */
  readonly onShown: (first: number, end: number) => void;
  /** A row that is scrolled to, and where keys go on from; then `onReached` is called. */
  readonly goal?: number | undefined;
  readonly onReached?: () => void;
}

interface Target {
  readonly index: number;
  readonly align: "auto" | "center";
}

export function WindowList({ label, count, rowAt, selected, onSelect, onFold, onShown, goal, onReached }: Props): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const [chosenSlice, setSlice] = useState(0);
  const slice = Math.min(chosenSlice, sliceOf(Math.max(0, count - 1)));
  const origin = slice * SLICE;
  const rows = Math.min(SLICE, count - origin);
  const list = useVirtualizer({ count: rows, getScrollElement: () => scroller.current, estimateSize: () => HIGH, overscan: 12 });
  const items = list.getVirtualItems();
  const first = origin + (items[0]?.index ?? 0);
  const end = origin + (items.at(-1)?.index ?? -1) + 1;
  useEffect(() => onShown(first, end), [onShown, first, end]);
  // Where the selected row was seen last: it may have been scrolled away since.
  const cursor = useRef(-1);
  const target = useRef<Target>(undefined);
  const goTo = (index: number, align: Target["align"] = "auto"): void => {
    target.current = { index, align };
    if (sliceOf(index) === slice) arrive();
    else setSlice(sliceOf(index));
  };
  const arrive = (): void => {
    // The rows of another slice are there only after it was drawn.
    if (target.current === undefined || sliceOf(target.current.index) !== slice) return;
    list.scrollToIndex(target.current.index - origin, { align: target.current.align });
    target.current = undefined;
  };
  useEffect(arrive);
  useEffect(() => {
    if (goal === undefined) return;
    cursor.current = goal;
    goTo(goal, goal >= first && goal < end ? "auto" : "center");
    onReached?.();
  });
  const showSlice = (next: number): void => {
    setSlice(next);
    list.scrollToOffset(0);
  };
  useKeys((event) => {
    const seen = Array.from({ length: Math.max(0, end - first) }, (_, at) => first + at).find((index) => rowAt(index)?.id === selected);
    const at = seen ?? cursor.current;
    const here = at < 0 ? undefined : rowAt(at);
    const step = stepOf(event);
    if (step !== undefined) {
      const next = at + step;
      if (next < 0 || next >= count) return;
      const row = rowAt(next);
      goTo(next);
      // A row that is not read yet is read now, and the next key finds it.
      cursor.current = row === undefined ? at : next;
      if (row === undefined) return;
      onSelect(row.action);
      focusAction(row.action.name);
      return;
    }
    const side = sideways(event);
    if (side !== undefined && here?.foldable === true) onFold(at, here, side === "right");
  });
  return (
    <>
      {count > SLICE && <Slices count={count} slice={slice} onSlice={showSlice} onGo={goTo} />}
      <div ref={scroller} className="scroller tree" style={{ height: `min(${String(rows * HIGH + 2)}px, 68vh)` }} data-count={count}>
        <ul className="spacer" style={{ height: list.getTotalSize() }} aria-label={label}>
          {items.map((item) => {
            const index = origin + item.index;
            const row = rowAt(index);
            const style = { transform: `translateY(${String(item.start)}px)`, "--depth": row?.depth ?? 0 } as const satisfies CSSProperties & { "--depth": number };
            if (row === undefined) {
              return (
                <li key={index} className="row" style={style} data-waiting>
                  <span className="visually-hidden">loading</span>
                  <span className="bone" aria-hidden="true" style={{ width: `${String(60 - ((index * 13) % 30))}%`, margin: 0 }} />
                </li>
              );
            }
            const select = (): void => {
              cursor.current = index;
              onSelect(row.action);
            };
            return <ActionItem key={index} row={row} style={style} here={row.id === selected} group={row.action.group} onSelect={select} onFold={(open) => onFold(index, row, open)} />;
          })}
        </ul>
      </div>
    </>
  );
}

interface SlicesProps {
  readonly count: number;
  readonly slice: number;
  readonly onSlice: (slice: number) => void;
  readonly onGo: (index: number) => void;
}

function Slices({ count, slice, onSlice, onGo }: SlicesProps): JSX.Element {
  const [typed, setTyped] = useState("");
  const from = slice * SLICE;
  const go = (): void => {
    const row = Number(typed.replace(/[^0-9]/g, ""));
    if (row >= 1) onGo(Math.min(count, row) - 1);
  };
  return (
    <form
      className="line wrap small"
      style={{ padding: "0 10px 8px" }}
      onSubmit={(event) => {
        event.preventDefault();
        go();
      }}
    >
      <span>
        Rows <span className="number">{(from + 1).toLocaleString()}</span> to <span className="number">{Math.min(count, from + SLICE).toLocaleString()}</span> of <span className="number">{count.toLocaleString()}</span>
      </span>
      <button type="button" className="chip" disabled={slice === 0} onClick={() => onSlice(slice - 1)}>
        Earlier
      </button>
      <button type="button" className="chip" disabled={from + SLICE >= count} onClick={() => onSlice(slice + 1)}>
        Later
      </button>
      <input type="text" inputMode="numeric" aria-label="go to row" placeholder="go to row" size={10} value={typed} onChange={(event) => setTyped(event.target.value)} />
      <button type="submit" className="chip">
        Go
      </button>
    </form>
  );
}
