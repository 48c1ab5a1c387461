/** Draws the part of the timeline that is on the screen. */
import type { ActionRow } from "../../lib/model";
import type { Phase } from "../../lib/phase";
import { SHAPE_SIZE, shapeOf, shapePlace } from "../../lib/shapes";
import { type Spans, spansOf } from "../../lib/spans";
import { duration } from "../../lib/time";
import { type Span, ticks } from "../../lib/timeline";
import { toneOf } from "../../ui/phase";

/** Height of a row and of the axis, and the width of the names, in CSS pixels. */
export const LINE = 24;
export const AXIS = 26;
export const NAMES = 150;
/** Size of the shape of a phase. */
const SHAPE = 11;

/** Which row is at a height below the top of the box; none in the axis. */
export function rowIndexAt(y: number, scrolled: number): number | undefined {
  return y < AXIS ? undefined : Math.floor((y - AXIS + scrolled) / LINE);
}

export interface Drawing {
  readonly actions: readonly ActionRow[];
  readonly selected: string;
  readonly span: Span;
  readonly origin: number;
  readonly now: number;
}

interface Pen {
  readonly context: CanvasRenderingContext2D;
  readonly colour: (name: string) => string;
  readonly x: (at: number) => number;
  readonly width: number;
  readonly height: number;
}

export function drawTimeline(canvas: HTMLCanvasElement, box: HTMLElement, drawing: Drawing): void {
  const pen = prepare(canvas, box, drawing.span);
  if (pen === undefined) return;
  const { context, colour, height, width } = pen;
  context.fillStyle = colour("--surface");
  context.fillRect(0, 0, width, height);
  drawAxis(pen, drawing);
  const first = Math.floor(box.scrollTop / LINE);
  const last = Math.min(drawing.actions.length, first + Math.ceil(height / LINE) + 1);
  context.save();
  context.beginPath();
  context.rect(0, AXIS, width, height - AXIS);
  context.clip();
  for (let index = first; index < last; index += 1) {
    const action = drawing.actions[index];
    if (action !== undefined) drawRow(pen, drawing, action, AXIS + index * LINE - box.scrollTop);
  }
  context.restore();
}

function prepare(canvas: HTMLCanvasElement, box: HTMLElement, span: Span): Pen | undefined {
  const width = box.clientWidth;
  const height = box.clientHeight;
  const scale = window.devicePixelRatio;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.height = `${String(height)}px`;
  }
  const context = canvas.getContext("2d");
  if (context === null) return undefined;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  const styles = getComputedStyle(canvas);
  const chart = width - NAMES - 12;
  return {
    context,
    colour: (name) => styles.getPropertyValue(name),
    x: (at) => NAMES + ((at - span.from) / (span.to - span.from)) * chart,
    width,
    height,
  };
}

function drawAxis({ context, colour, x, height, width }: Pen, { span, origin }: Drawing): void {
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const at of ticks(span, origin, Math.max(2, Math.floor((width - NAMES) / 90)))) {
    context.fillStyle = colour("--line");
    context.fillRect(Math.round(x(at)), AXIS - 6, 1, height);
    context.fillStyle = colour("--soft");
    const label = at === origin ? "0" : `+${duration(at - origin)}`;
    if (x(at) + 3 + context.measureText(label).width < width) context.fillText(label, x(at) + 3, 11);
  }
}

function drawRow(pen: Pen, drawing: Drawing, action: ActionRow, y: number): void {
  const { context, colour, width } = pen;
  if (action.name === drawing.selected) {
    context.fillStyle = colour("--accent-soft");
    context.fillRect(0, y, width, LINE);
  }
  drawSpans(pen, action.phase, spansOf(action, drawing.now), y);
  context.fillStyle = colour("--text");
  context.font = "12px system-ui, sans-serif";
  context.fillText(fitted(context, action.title, NAMES - 20), 10, y + LINE / 2);
}

/** A line for the time in which it waited, a bar for the time in which it ran; its phase stands at the end of what there is. */
function drawSpans(pen: Pen, phase: Phase, { waited, ran }: Spans, y: number): void {
  const { context, colour } = pen;
  const wait = waited && visible(pen, waited);
  if (wait !== undefined) {
    context.fillStyle = colour("--soft");
    context.fillRect(wait.from, y + LINE / 2 - 1, wait.to - wait.from, 2);
    context.fillRect(wait.from, y + 8, 1, LINE - 16);
  }
  const run = ran && visible(pen, ran);
  if (run !== undefined) {
    context.fillStyle = colour(`--${toneOf(phase)}`);
    context.beginPath();
    context.roundRect(run.from, y + 6, run.to - run.from, LINE - 12, 3);
    context.fill();
    drawShape(pen, phase, run, y + LINE / 2);
  } else if (ran === undefined && wait !== undefined) drawShape(pen, phase, { from: wait.to, to: wait.to }, y + LINE / 2);
}

/** The part of a span that is in the chart, in CSS pixels; at least two of them. */
function visible({ x, width }: Pen, span: Span): Span | undefined {
  const from = Math.max(NAMES, x(span.from));
  const to = Math.min(width, x(span.to));
  return to >= NAMES && from <= width ? { from, to: Math.max(from + 2, to) } : undefined;
}

/** Phases are told by their shapes too, not by colour alone. */
function drawShape({ context, colour, width }: Pen, phase: Phase, bar: Span, y: number): void {
  const { x, on } = shapePlace(bar.from, bar.to, width - 2, SHAPE);
  context.save();
  context.translate(x, y - SHAPE / 2);
  context.scale(SHAPE / SHAPE_SIZE, SHAPE / SHAPE_SIZE);
  context.strokeStyle = colour(on ? "--surface" : `--${toneOf(phase)}`);
  context.lineWidth = 2.4;
  context.lineCap = context.lineJoin = "round";
  context.stroke(new Path2D(shapeOf(phase)));
  context.restore();
}

function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let cut = text.slice(0, 40);
  while (cut.length > 1 && context.measureText(`${cut}…`).width > width) cut = cut.slice(0, -1);
  return `${cut}…`;
}
