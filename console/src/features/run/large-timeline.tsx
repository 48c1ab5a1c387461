/** A large run over time: how many waited, ran and ended. A part that is chosen lists the actions that began in it. */
import { type JSX, type KeyboardEvent, type PointerEvent, useCallback, useEffect, useRef, useState } from "react";

import { useBuckets } from "../../api/run-view";
import { problemOf } from "../../api/transport";
import { type Bucket, type Buckets, bucketSpan, endings, MOST_BUCKETS, partsOf, spanOf } from "../../lib/buckets";
import type { Phase } from "../../lib/phase";
import { duration } from "../../lib/time";
import { shifted, type Span, zoomed } from "../../lib/timeline";
import { Empty, Failed, Loading } from "../../ui/states";
import { bucketAt, drawBuckets, drawSwatch, type Fill, HEIGHT } from "./buckets-drawing";
import { LargeFound } from "./large-found";
import type { LargeView } from "./large-views";

type Props = Omit<LargeView, "root" | "counts"> & { readonly phases: readonly Phase[]; readonly text: string; readonly group: string };

export function LargeTimeline({ runKey, live, selected, onSelect, phases, text, group }: Props): JSX.Element {
  const [zoom, setZoom] = useState<Span>();
  const [chosen, setChosen] = useState<Span>();
  const whole = useBuckets(runKey, undefined, MOST_BUCKETS, live);
  const part = useBuckets(runKey, zoom, zoom === undefined ? MOST_BUCKETS : partsOf(zoom, whole.data?.resolution ?? 0), live);
  const data = part.data;
  if (data === undefined || whole.data === undefined) return part.isError ? <Failed problem={problemOf(part.error)} onRetry={() => void part.refetch()} /> : <Loading what="the timeline" />;
  if (data.buckets.length === 0) return <Empty title="Nothing has happened yet" />;
  const limit = spanOf(whole.data);
  const span = zoom ?? limit;
  const finest = Math.max(whole.data.resolution, 10);
  const zoomTo = (next: Span): void => setZoom(next.to - next.from >= limit.to - limit.from ? undefined : shifted(next, limit, 0));
  const centre = chosen === undefined ? (span.from + span.to) / 2 : (chosen.from + chosen.to) / 2;
  return (
    <div className="timeline">
      <div className="line wrap" style={{ padding: "0 10px 8px" }}>
        <button type="button" className="chip" disabled={span.to - span.from <= 2 * finest} onClick={() => zoomTo(zoomed(span, limit, Math.min(Math.max(centre, span.from), span.to), 0.5))}>
          Zoom in
        </button>
        <button type="button" className="chip" disabled={zoom === undefined} onClick={() => zoomTo(zoomed(span, limit, (span.from + span.to) / 2, 2))}>
          Zoom out
        </button>
        <button type="button" className="chip" disabled={zoom === undefined} aria-label="earlier" onClick={() => zoomTo(shifted(span, limit, -0.3 * (span.to - span.from)))}>
          ←
        </button>
        <button type="button" className="chip" disabled={zoom === undefined} aria-label="later" onClick={() => zoomTo(shifted(span, limit, 0.3 * (span.to - span.from)))}>
          →
        </button>
        <button type="button" className="chip" disabled={zoom === undefined} onClick={() => setZoom(undefined)}>
          Show all
        </button>
        <span className="soft small">
          {duration(span.to - span.from)} shown{data.resolution > 0 && `, counted by ${duration(data.resolution)}`}
        </span>
      </div>
      <Chart data={data} origin={limit.from} chosen={chosen} onChoose={setChosen} />
      {chosen === undefined ? (
        <p className="soft small" style={{ padding: "4px 10px 10px" }}>
          Choose a part, with a click or with the arrow keys: the actions that began in it are listed here.
        </p>
      ) : (
        <>
          <div className="line wrap small" style={{ padding: "4px 10px" }}>
            <strong>
              Began between +{duration(chosen.from - limit.from)} and +{duration(chosen.to - limit.from)}
            </strong>
            <button type="button" className="chip" onClick={() => setChosen(undefined)}>
              Close
            </button>
          </div>
          <LargeFound key={JSON.stringify([chosen, phases, text, group])} runKey={runKey} live={live} selected={selected} onSelect={onSelect} what={{ phases, text, group, started: chosen }} label="actions that began in this part" />
        </>
      )}
    </div>
  );
}

interface ChartProps {
  readonly data: Buckets;
  readonly origin: number;
  readonly chosen: Span | undefined;
  readonly onChoose: (span: Span) => void;
}

function Chart({ data, origin, chosen, onChoose }: ChartProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hover, setHover] = useState<number>();
  // The middle of a chosen part tells which bar it is, also when bars have become others by a zoom.
  const here = chosen === undefined ? undefined : Math.floor(((chosen.from + chosen.to) / 2 - data.from) / data.width);
  const draw = useCallback(() => {
    if (canvas.current !== null) drawBuckets(canvas.current, { data, origin, chosen, hover });
  }, [data, origin, chosen, hover]);
  useEffect(() => {
    const frame = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(frame);
  }, [draw]);
  useEffect(() => {
    const box = canvas.current;
    if (box === null) return undefined;
    const sizes = new ResizeObserver(draw);
    sizes.observe(box);
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    return () => {
      sizes.disconnect();
      dark.removeEventListener("change", draw);
    };
  }, [draw]);
  const at = (event: PointerEvent<HTMLElement>): number | undefined => {
    const box = event.currentTarget.getBoundingClientRect();
    return bucketAt(box.width, data.buckets.length, event.clientX - box.left);
  };
  const choose = (index: number): void => onChoose(bucketSpan(data, Math.min(data.buckets.length - 1, Math.max(0, index))));
  const move = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    event.stopPropagation();
    choose(here === undefined ? 0 : here + (event.key === "ArrowRight" ? 1 : -1));
  };
  const told = hover ?? here ?? data.buckets.length - 1;
  const bucket = data.buckets[told];
  return (
    <>
      <div
        role="group"
        tabIndex={0}
        aria-label="timeline by parts"
        style={{ padding: "0 10px" }}
        onKeyDown={move}
      >
        <div
          style={{ cursor: "pointer" }}
          onPointerMove={(event) => setHover(at(event))}
          onPointerLeave={() => setHover(undefined)}
          onPointerUp={(event) => {
            const index = at(event);
            if (index !== undefined) choose(index);
          }}
        >
          <canvas ref={canvas} role="img" aria-label={`timeline of ${String(data.buckets.length)} parts of ${duration(data.width)} each`} style={{ height: HEIGHT, position: "static" }} />
        </div>
      </div>
      {bucket !== undefined && <Legend bucket={bucket} from={data.from + data.width * told - origin} />}
    </>
  );
}

/** The same patterns as in the chart, with words and the numbers of one part. */
function Legend({ bucket, from }: { readonly bucket: Bucket; readonly from: number }): JSX.Element {
  const { good, bad, other } = endings(bucket.ended);
  const entries: readonly (readonly [Fill, string, number])[] = [
    ["waiting", "waiting", bucket.waiting],
    ["running", "running", bucket.running],
    ["good", "ended well", good],
    ["bad", "failed", bad],
    ["other", "stopped", other],
  ];
  return (
    <div className="line wrap small" style={{ padding: "6px 10px", gap: "2px 14px" }} data-testid="legend">
      <span className="soft number">at +{duration(from)}</span>
      {entries.map(([fill, word, count]) => (
        <span key={fill} className="line" style={{ gap: 5 }}>
          <Swatch fill={fill} /> {word} <span className="number">{count.toLocaleString()}</span>
        </span>
      ))}
      <span>
        began <span className="number">{bucket.started.toLocaleString()}</span>
      </span>
    </div>
  );
}

function Swatch({ fill }: { readonly fill: Fill }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const draw = (): void => {
      if (canvas.current !== null) drawSwatch(canvas.current, fill);
    };
    draw();
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    return () => dark.removeEventListener("change", draw);
  }, [fill]);
  return <canvas ref={canvas} aria-hidden="true" style={{ width: 16, height: 12, position: "static", flex: "none" }} />;
}
