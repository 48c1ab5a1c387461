/** Phases by shape and word; colour only comes on top. */
import type { JSX } from "react";

import { shapeOf } from "../lib/shapes";
import { orderedCounts, type Phase, type PhaseCounts, phaseWord } from "../lib/phase";

export type Tone = "good" | "bad" | "busy" | "ask" | "idle";

export function toneOf(phase: Phase): Tone {
  switch (phase) {
    case "succeeded":
    case "recovered":
      return "good";
    case "failed":
    case "timed_out":
      return "bad";
    case "running":
    case "initializing":
      return "busy";
    case "paused":
      return "ask";
    case "queued":
    case "waiting":
    case "aborted":
    case "unknown":
      return "idle";
    default:
      return phase satisfies never;
  }
}

function Shape({ phase }: { readonly phase: Phase }): JSX.Element {
  return <path d={shapeOf(phase)} {...((phase === "running" || phase === "initializing") && { className: "turning" })} />;
}

/** The shape alone, with its word for those who do not see it. */
export function PhaseMark({ phase, size = 16, label = phaseWord(phase) }: { readonly phase: Phase; readonly size?: number; readonly label?: string }): JSX.Element {
  return (
    <span className={`phase tone-${toneOf(phase)}`} title={label}>
      <svg width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" role="img" aria-label={label}>
        <Shape phase={phase} />
      </svg>
    </span>
  );
}

/** Shape and word. */
export function PhaseBadge({ phase, boxed = false }: { readonly phase: Phase; readonly boxed?: boolean }): JSX.Element {
  return (
    <span className={`phase tone-${toneOf(phase)} ${boxed ? "boxed" : ""}`} data-phase={phase}>
      <svg width="15" height="15" viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
        <Shape phase={phase} />
      </svg>
      {phaseWord(phase)}
    </span>
  );
}

/** How many are in which phase, as words with shapes. */
export function PhaseTally({ counts }: { readonly counts: PhaseCounts }): JSX.Element {
  return (
    <span className="line">
      {orderedCounts(counts).map(([phase, count]) => (
        <span key={phase} className={`phase small tone-${toneOf(phase)}`} title={`${String(count)} ${phaseWord(phase).toLowerCase()}`}>
          <PhaseMark phase={phase} size={13} /> <span className="number">{count.toLocaleString()}</span>
        </span>
      ))}
    </span>
  );
}

/** Shares of phases as a bar; the tally beside it says the same in numbers. */
export function PhaseBar({ counts }: { readonly counts: PhaseCounts }): JSX.Element {
  return (
    <span className="bar" aria-hidden="true">
      {orderedCounts(counts).map(([phase, count]) => (
        <i key={phase} className={`tone-${toneOf(phase)}`} style={{ flexGrow: count }} />
      ))}
    </span>
  );
}
