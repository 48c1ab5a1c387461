/** How long an action ran, or waits to. */
import type { JSX } from "react";

import type { ActionRow } from "../../lib/model";
import { isOver } from "../../lib/phase";
import { spansOf } from "../../lib/spans";
import { duration, exact } from "../../lib/time";
import type { Span } from "../../lib/timeline";
import { useNow } from "../../ui/when";

/** A wait that is shorter is said on hover only. */
const WORTH_MS = 1_000;

export function Took({ action }: { readonly action: ActionRow }): JSX.Element {
  const now = useNow(!isOver(action.phase));
  const { waited, ran } = spansOf(action, now);
  const title = [waited && `waited ${said(waited)}`, ran && `ran ${said(ran)}`].filter(Boolean).join("; ");
  return (
    <span className="number" title={title}>
      {ran !== undefined && duration(ran.to - ran.from)}
      {ran === undefined && (waited === undefined ? "–" : isOver(action.phase) ? "never ran" : `waits ${duration(waited.to - waited.from)}`)}
    </span>
  );
}

/** How long it had waited when it began to run or ended, where that is worth a word. */
export function Waited({ action }: { readonly action: ActionRow }): JSX.Element | null {
  const { waited, ran } = spansOf(action, useNow(!isOver(action.phase)));
  if (waited === undefined || (ran === undefined && !isOver(action.phase)) || waited.to - waited.from < WORTH_MS) return null;
  return (
    <span className="soft small number" title={said(waited)}>
      waited {duration(waited.to - waited.from)}
    </span>
  );
}

function said({ from, to }: Span): string {
  return `${duration(to - from)} from ${exact(from)}`;
}
