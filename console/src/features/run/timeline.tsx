/** Who ran when, drawn on a canvas: only the rows that are on the screen, so that it is as fast for a hundred thousand
 * actions as for ten. The tree says the same in words. */
import { type JSX, type MouseEvent, type PointerEvent, useCallback, useEffect, useRef, useState } from "react";

import type { ActionRow } from "../../lib/model";
import { phaseWord } from "../../lib/phase";
import { spansOf } from "../../lib/spans";
import { duration } from "../../lib/time";
import { extent, shifted, type Span, zoomed } from "../../lib/timeline";
import { Empty } from "../../ui/states";
import { useNow } from "../../ui/when";
import { AXIS, type Drawing, drawTimeline, LINE, NAMES, rowIndexAt } from "./timeline-drawing";

interface Props {
  readonly actions: readonly ActionRow[];
  readonly selected: string;
  readonly onSelect: (action: ActionRow) => void;
  readonly running: boolean;
}

interface Hover {
  readonly action: ActionRow;
  readonly x: number;
  readonly y: number;
}

export function Timeline({ actions, selected, onSelect, running }: Props): JSX.Element {
  const now = useNow(running);
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const limit = extent(actions, now);
  const [zoom, setZoom] = useState<Span>();
  const [hover, setHover] = useState<Hover>();
  const span = zoom === undefined ? limit : shifted(zoom, limit, 0);
  const at = actions.findIndex((action) => action.name === selected);
  const chosen = actions[at];
  useShown(scroller, at, selected);
  useDrawing(canvas, scroller, { actions, selected, span, origin: limit.from, now });
  const rowAt = (event: PointerEvent | MouseEvent): ActionRow | undefined => {
    const box = scroller.current?.getBoundingClientRect();
    const at = rowIndexAt(event.clientY - (box?.top ?? 0), scroller.current?.scrollTop ?? 0);
    return at === undefined ? undefined : actions[at];
  };
  const point = (event: PointerEvent): void => {
    const action = rowAt(event);
    const box = scroller.current?.getBoundingClientRect();
    setHover(action === undefined || box === undefined ? undefined : { action, x: event.clientX - box.left, y: event.clientY - box.top });
  };
  const zoomBy = (factor: number): void => setZoom(zoomed(span, limit, (span.from + span.to) / 2, factor));
  const move = (share: number): void => setZoom(shifted(span, limit, share * (span.to - span.from)));
  if (actions.length === 0) return <Empty title="No action fits" />;
  return (
    <div className="timeline">
      <div className="line wrap" style={{ padding: "0 10px 8px" }}>
        <button type="button" className="chip" onClick={() => zoomBy(0.5)}>
          Zoom in
        </button>
        <button type="button" className="chip" disabled={zoom === undefined} onClick={() => zoomBy(2)}>
          Zoom out
        </button>
        <button type="button" className="chip" disabled={zoom === undefined} aria-label="earlier" onClick={() => move(-0.3)}>
          ←
        </button>
        <button type="button" className="chip" disabled={zoom === undefined} aria-label="later" onClick={() => move(0.3)}>
          →
        </button>
        <button type="button" className="chip" disabled={zoom === undefined} onClick={() => setZoom(undefined)}>
          Show all
        </button>
        <span className="soft small">{duration(span.to - span.from)} shown; lines are waiting, bars are running</span>
      </div>
      <div
        ref={scroller}
        className="scroller"
        style={{ height: `min(${String(AXIS + actions.length * LINE + 4)}px, 66vh)` }}
        onPointerMove={point}
        onPointerLeave={() => setHover(undefined)}
        onClick={(event) => {
          // A tap has no pointer over the row before it.
          const action = rowAt(event);
          if (action !== undefined) onSelect(action);
        }}
        tabIndex={0}
        role="group"
        aria-label="timeline of actions"
      >
        <p className="visually-hidden" role="status">
          {chosen !== undefined && `${chosen.title}: ${phaseWord(chosen.phase)}`}
        </p>
        <canvas ref={canvas} role="img" aria-label={`timeline of ${String(actions.length)} actions over ${duration(limit.to - limit.from)}`} />
        <div style={{ height: Math.max(1, actions.length * LINE + AXIS - (canvas.current?.clientHeight ?? 0)) }} />
      </div>
      {hover !== undefined && <Bubble hover={hover} now={now} />}
    </div>
  );
}

function Bubble({ hover, now }: { readonly hover: Hover; readonly now: number }): JSX.Element {
  const { action, x, y } = hover;
  const { waited, ran } = spansOf(action, now);
  return (
    <div className="bubble small" style={{ left: Math.max(8, Math.min(x, NAMES + 160)), top: y + 60 }}>
      <strong>{action.title}</strong>
      <br />
      <span className="mono soft">{action.name}</span>
      <br />
      {phaseWord(action.phase)}
      {ran !== undefined && ` · ran ${duration(ran.to - ran.from)}`}
      {waited !== undefined && ` · waited ${duration(waited.to - waited.from)}`}
    </div>
  );
}

/** A row that was just chosen is on the screen. */
function useShown(scroller: React.RefObject<HTMLDivElement | null>, at: number, selected: string): void {
  const shown = useRef("");
  useEffect(() => {
    const box = scroller.current;
    if (box === null || at < 0 || shown.current === selected) return;
    shown.current = selected;
    const lowest = (at + 1) * LINE + AXIS - box.clientHeight;
    box.scrollTop = Math.max(lowest, Math.min(at * LINE, box.scrollTop));
  }, [scroller, at, selected]);
}

/** Draws after every change, scroll and resize, once a frame at most. */
function useDrawing(canvas: React.RefObject<HTMLCanvasElement | null>, scroller: React.RefObject<HTMLDivElement | null>, drawing: Drawing): void {
  const latest = useRef(drawing);
  const frame = useRef(0);
  const draw = useCallback(() => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => {
      if (canvas.current !== null && scroller.current !== null) drawTimeline(canvas.current, scroller.current, latest.current);
    });
  }, [canvas, scroller]);
  useEffect(() => {
    latest.current = drawing;
    draw();
  });
  useEffect(() => {
    const box = scroller.current;
    if (box === null) return undefined;
    const sizes = new ResizeObserver(draw);
    sizes.observe(box);
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    box.addEventListener("scroll", draw, { passive: true });
    dark.addEventListener("change", draw);
    return () => {
      sizes.disconnect();
      box.removeEventListener("scroll", draw);
      dark.removeEventListener("change", draw);
    };
  }, [draw, scroller]);
}
