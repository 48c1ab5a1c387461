/** Draws sums over time: above what waits and runs, below what ended. Each kind has a pattern of its own beside its
 * colour; the legend shows the same patterns with words. */
import { type Buckets, endings, peaks, spanOf } from "../../lib/buckets";
import { duration } from "../../lib/time";
import { type Span, ticks } from "../../lib/timeline";

export type Fill = "waiting" | "running" | "good" | "bad" | "other";

/** Height of the whole drawing, and of its parts, in CSS pixels. */
export const HEIGHT = 250;
const AXIS = 24;
const LIVE = 120;
const GAP = 22;
const ENDED = HEIGHT - AXIS - LIVE - GAP - 6;

const TONES: Record<Fill, string> = { waiting: "--idle", running: "--busy", good: "--good", bad: "--bad", other: "--idle" };

export interface BucketsDrawing {
  readonly data: Buckets;
  readonly origin: number;
  readonly chosen: Span | undefined;
  readonly hover: number | undefined;
}

interface Pen {
  readonly context: CanvasRenderingContext2D;
  readonly colour: (name: string) => string;
  readonly fill: (fill: Fill) => CanvasPattern | string;
  readonly width: number;
  readonly height: number;
}

/** Which bar is at a place, in CSS pixels from the left. */
export function bucketAt(width: number, count: number, x: number): number | undefined {
  const index = Math.floor((x / width) * count);
  return index >= 0 && index < count ? index : undefined;
}

export function drawBuckets(canvas: HTMLCanvasElement, drawing: BucketsDrawing): void {
  const pen = prepare(canvas);
  if (pen === undefined) return;
  const { context, colour, fill, width } = pen;
  const { data, hover } = drawing;
  context.fillStyle = colour("--surface");
  context.fillRect(0, 0, width, HEIGHT);
  drawMarks(pen, drawing);
  const { live, ended } = peaks(data.buckets);
  const liveFloor = AXIS + LIVE;
  const endedFloor = HEIGHT - 2;
  const step = width / data.buckets.length;
  for (const [index, bucket] of data.buckets.entries()) {
    const [x, wide] = [index * step, Math.max(1, step - (step > 4 ? 1 : 0))];
    if (index === hover) {
      context.fillStyle = colour("--sunken");
      context.fillRect(x, AXIS, step, HEIGHT - AXIS);
    }
    const stack = (floor: number, unit: number, parts: readonly (readonly [Fill, number])[]): void => {
      let top = floor;
      for (const [kind, count] of parts) {
        if (count === 0) continue;
        // What is there at all is seen, however few they are.
        const high = Math.max(1.5, count * unit);
        top -= high;
        context.fillStyle = fill(kind);
        context.fillRect(x, top, wide, high);
      }
    };
    const { good, bad, other } = endings(bucket.ended);
    stack(liveFloor, (LIVE - 14) / live, [["running", bucket.running], ["waiting", bucket.waiting]]);
    stack(endedFloor, (ENDED - 14) / ended, [["bad", bad], ["other", other], ["good", good]]);
  }
  drawFloor(pen, "waiting and running", live, AXIS, liveFloor);
  drawFloor(pen, "ended in each part", ended, endedFloor - ENDED, endedFloor);
  drawChosen(pen, drawing);
}

/** The pattern of one kind, for a legend. */
export function drawSwatch(canvas: HTMLCanvasElement, kind: Fill): void {
  const pen = prepare(canvas);
  if (pen === undefined) return;
  pen.context.clearRect(0, 0, pen.width, pen.height);
  pen.context.fillStyle = pen.fill(kind);
  pen.context.fillRect(0, 0, pen.width, pen.height);
}

function prepare(canvas: HTMLCanvasElement): Pen | undefined {
  const scale = window.devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext("2d");
  if (context === null || width === 0) return undefined;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  const styles = getComputedStyle(canvas);
  const colour = (name: string): string => styles.getPropertyValue(name);
  const patterns = new Map<Fill, CanvasPattern | string>();
  const fill = (kind: Fill): CanvasPattern | string => {
    const made = patterns.get(kind) ?? pattern(context, kind, colour);
    patterns.set(kind, made);
    return made;
  };
  return { context, colour, fill, width, height };
}

/** Solid is what runs and what ended well; lines, crosses and dots are the others. */
function pattern(context: CanvasRenderingContext2D, kind: Fill, colour: (name: string) => string): CanvasPattern | string {
  const tone = colour(TONES[kind]);
  if (kind === "running" || kind === "good") return tone;
  const tile = document.createElement("canvas");
  tile.width = 6;
  tile.height = 6;
  const pen = tile.getContext("2d");
  if (pen === null) return tone;
  pen.fillStyle = colour(kind === "bad" ? "--bad-soft" : "--idle-soft");
  pen.fillRect(0, 0, 6, 6);
  pen.strokeStyle = tone;
  pen.fillStyle = tone;
  pen.lineWidth = kind === "bad" ? 1.8 : 1.4;
  pen.beginPath();
  if (kind !== "other") for (const at of [-6, 0, 6]) line(pen, at, 6, at + 6, 0);
  if (kind === "bad") for (const at of [-6, 0, 6]) line(pen, at, 0, at + 6, 6);
  pen.stroke();
  if (kind === "other") pen.fillRect(2, 2, 2.5, 2.5);
  return context.createPattern(tile, "repeat") ?? tone;
}

function line(pen: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
}

function drawMarks({ context, colour, width }: Pen, { data, origin }: BucketsDrawing): void {
  const span = spanOf(data);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const at of ticks(span, origin, Math.max(2, Math.floor(width / 90)))) {
    const x = Math.round(((at - span.from) / (span.to - span.from)) * width);
    context.fillStyle = colour("--line");
    context.fillRect(x, AXIS - 8, 1, HEIGHT);
    context.fillStyle = colour("--soft");
    const label = at === origin ? "0" : `+${duration(at - origin)}`;
    if (x + 3 + context.measureText(label).width < width) context.fillText(label, x + 3, 9);
  }
}

/** The line that bars stand on, with what they are and how high the highest is. */
function drawFloor({ context, colour, width }: Pen, words: string, peak: number, top: number, floor: number): void {
  context.fillStyle = colour("--line-strong");
  context.fillRect(0, floor, width, 1);
  const text = `${words}, at most ${peak.toLocaleString()}`;
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = colour("--surface");
  context.fillRect(0, top - 2, context.measureText(text).width + 8, 14);
  context.fillStyle = colour("--soft");
  context.fillText(text, 2, top + 5);
}

function drawChosen({ context, colour, width }: Pen, { data, chosen }: BucketsDrawing): void {
  if (chosen === undefined) return;
  const span = spanOf(data);
  const x = (at: number): number => ((at - span.from) / (span.to - span.from)) * width;
  context.strokeStyle = colour("--accent");
  context.lineWidth = 2;
  context.strokeRect(x(chosen.from), AXIS - 3, Math.max(3, x(chosen.to) - x(chosen.from)), HEIGHT - AXIS + 1);
}
