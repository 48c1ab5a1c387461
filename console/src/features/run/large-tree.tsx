/** The tree of a large run: each opened action has the windows of its children below it. With a filter by phase it is
 * one list of all that fit. */
import { type JSX, useCallback, useEffect, useMemo, useState } from "react";

import { useLocated } from "../../api/located";
import { ROOT, useChildTotals, useWindows } from "../../api/run-view";
import { orderedCounts, type Phase } from "../../lib/phase";
import { closed, layoutOf, type Opened, placeOf, rowOf, settled, windowAt, windowKey, windowsOf, WINDOW } from "../../lib/window";
import { Empty } from "../../ui/states";
import type { LargeView } from "./large-views";
import { WindowList, type WindowedRow } from "./window-list";

/** Rows that are shown before anything is scrolled. */
const FIRST = { first: 0, end: 40 };
/** All actions, whatever their parents. */
const ALL = "";
const NONE: ReadonlyMap<string, Opened> = new Map();

export function LargeTree({ runKey, root, counts, live, selected, onSelect, phases }: LargeView & { readonly phases: readonly Phase[] }): JSX.Element {
  const filtered = phases.length > 0;
  const list = filtered ? ALL : ROOT;
  // The root's own row stands above its list.
  const above = filtered ? 0 : 1;
  const [rootOpen, setRootOpen] = useState(true);
  const [opened, setOpened] = useState(NONE);
  const [shown, setShown] = useState(FIRST);
  // The action that was scrolled to last: another one was chosen somewhere else on the page, or by its address.
  const [reached, setReached] = useState(ROOT);
  const parents = useMemo(() => (filtered ? [] : [ROOT, ...opened.keys()]), [filtered, opened]);
  const below = useChildTotals(runKey, parents, live);
  const totals = filtered ? new Map([[ALL, phases.reduce((sum, phase) => sum + (counts.all.counts[phase] ?? 0), 0)]]) : below;
  const layout = layoutOf(list, filtered || rootOpen ? totals : new Map(), opened);
  const wanted = windowsOf(layout, Math.max(0, shown.first - above), shown.end - above);
  const read = useWindows(runKey, wanted, phases, live);
  useEffect(() => {
    const next = settled(opened, read);
    if (next !== opened) setOpened(next);
  }, [opened, read]);
  const onShown = useCallback((first: number, end: number) => setShown((before) => (before.first === first && before.end === end ? before : { first, end })), []);
  const rowAt = (index: number): WindowedRow | undefined => {
    if (index < above) return { kind: "action", id: root.name, depth: 0, action: { ...root, children: {} }, foldable: counts.all.total > 0, open: rootOpen, dimmed: false };
    const place = placeOf(layout, index - above);
    const action = place === undefined ? undefined : read.get(windowKey(place.list, windowAt(place.at)))?.[place.at % WINDOW];
    if (place === undefined || action === undefined) return undefined;
    return { kind: "action", id: action.name, depth: place.depth + above, action, foldable: !filtered && orderedCounts(action.children).length > 0, open: opened.has(action.name), dimmed: false };
  };
  const onFold = (index: number, row: WindowedRow, open: boolean): void => {
    if (index < above) setRootOpen(open);
    else if (!open) setOpened(closed(opened, row.id));
    else {
      const place = placeOf(layout, index - above);
      if (place !== undefined) setOpened(new Map(opened).set(row.id, { parent: place.list, at: place.at }));
    }
  };
  const sought = selected === reached ? undefined : selected;
  const seen = sought === undefined ? undefined : Array.from({ length: Math.max(0, shown.end - shown.first) }, (_, at) => shown.first + at).find((index) => rowAt(index)?.id === sought);
  const located = useLocated(runKey, phases, seen === undefined ? sought : undefined);
  useEffect(() => {
    if (located === null || located === undefined) return;
    setRootOpen(true);
    setOpened((before) => new Map([...before, ...located.opened]));
  }, [located]);
  const row = located === null || located === undefined ? undefined : rowOf(layout, located.list, located.at);
  const goal = seen ?? (row === undefined ? undefined : row + above);
  const count = layout.total + above;
  if (count === 0) return <Empty title="No action fits" />;
  return <WindowList label="tree of actions" count={count} rowAt={rowAt} selected={selected} onSelect={onSelect} onFold={onFold} onShown={onShown} goal={goal} onReached={() => setReached(selected)} />;
}
