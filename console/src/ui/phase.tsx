/** Phases by shape and word; colour only comes on top. */
import type { JSX } from "react";

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

function shape(phase: Phase): JSX.Element {
  switch (phase) {
    case "succeeded":
      return <path d="M3 8.5l3.3 3.3L13 5" />;
    case "recovered":
      return <path d="M2 9l2.6 2.6L9 6.5M7.5 11.6L13.5 5" />;
    case "failed":
      return <path d="M4 4l8 8M12 4l-8 8" />;
    case "timed_out":
      return <path d="M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM8 5v3.2l2.4 1.6" />;
    case "running":
      return <path className="turning" d="M8 2.5A5.5 5.5 0 1 1 2.5 8" />;
    case "initializing":
      return <path className="turning" d="M8 2.5A5.5 5.5 0 0 1 13.5 8" />;
    case "paused":
      return <path d="M5.6 6A2.4 2.4 0 1 1 8 8.4v1.4M8 12.6v.4" />;
    case "queued":
      return <path d="M3 5h10M3 8h10M3 11h6" />;
    case "waiting":
      return <path d="M4.5 3h7L8 8l3.5 5h-7L8 8z" />;
    case "aborted":
      return <path d="M4.5 4.5h7v7h-7z" />;
    case "unknown":
      return <path d="M8 3l5 5-5 5-5-5z" />;
    default:
      return phase satisfies never;
  }
}

/** The shape alone, with its word for those who do not see it. */
export function PhaseMark({ phase, size = 16, label = phaseWord(phase) }: { readonly phase: Phase; readonly size?: number; readonly label?: string }): JSX.Element {
  return (
    <span className={`phase tone-${toneOf(phase)}`} title={label}>
      <svg width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" role="img" aria-label={label}>
        {shape(phase)}
      </svg>
    </span>
  );
}

/** Shape and word. */
export function PhaseBadge({ phase, boxed = false }: { readonly phase: Phase; readonly boxed?: boolean }): JSX.Element {
  return (
    <span className={`phase tone-${toneOf(phase)} ${boxed ? "boxed" : ""}`} data-phase={phase}>
      <svg width="15" height="15" viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
        {shape(phase)}
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
