/** How a queue stands, and the button that changes it. */
import { useQueryClient } from "@tanstack/react-query";
import { type JSX, useState } from "react";

import { type QueueRow, setPaused } from "../../api/queues";
import { Ask } from "../../ui/controls";

export function QueueState({ queue: { paused, cap, running } }: { readonly queue: QueueRow }): JSX.Element {
  const full = cap !== undefined && running >= cap;
  const [tone, word, path] = paused ? (["ask", "Paused", "M5.5 3.5v9M10.5 3.5v9"] as const) : full ? (["busy", "Full", "M3.5 3.5h9v9h-9zM3.5 8h9"] as const) : (["good", "Open", "M5 3l7 5-7 5z"] as const);
  return (
    <span className={`phase tone-${tone}`}>
      <svg width="15" height="15" viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="2" aria-hidden="true">
        <path d={path} />
      </svg>
      {word}
    </span>
  );
}

/** Pauses or opens a queue, after a question that says what that does. */
export function QueueSwitch({ queue }: { readonly queue: QueueRow }): JSX.Element {
  const [asked, setAsked] = useState<QueueRow>();
  const client = useQueryClient();
  const change = async ({ name, paused }: QueueRow): Promise<void> => {
    await setPaused(name, !paused);
    await client.invalidateQueries({ queryKey: ["queues"] });
  };
  const verb = queue.paused ? "Open" : "Pause";
  return (
    <>
      <button type="button" onClick={() => setAsked(queue)} aria-label={`${verb} ${queue.name}`}>
        {verb}
      </button>
      {asked !== undefined && (
        <Ask title={asked.paused ? `Open ${asked.name}?` : `Pause ${asked.name}?`} confirm={asked.paused ? "Open the queue" : "Pause the queue"} danger={!asked.paused} onConfirm={() => change(asked)} onClose={() => setAsked(undefined)}>
          <p>{asked.paused ? `${asked.queued.toLocaleString()} waiting actions may start again.` : `Nothing new starts in it. ${asked.running.toLocaleString()} that run go on; ${asked.queued.toLocaleString()} wait until somebody opens it.`}</p>
        </Ask>
      )}
    </>
  );
}
