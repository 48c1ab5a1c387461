/** Queues in the order in which they are served, and what projects get of the executors. */
import { useQueryClient } from "@tanstack/react-query";
import { type JSX, useState } from "react";

import { type QueueRow, setPaused, type ShareRow, useQueues, useShares } from "../../api/queues";
import { problemOf } from "../../api/transport";
import { Ask, Copy } from "../../ui/controls";
import { useTitle } from "../../ui/title";
import { Failed, Loading } from "../../ui/states";

export function QueuesPage(): JSX.Element {
  useTitle("Queues");
  const queues = useQueues();
  const shares = useShares();
  return (
    <div className="page">
      <div className="heading">
        <h1>Queues</h1>
        <span className="soft">the highest priority first; projects of one priority by their share</span>
      </div>
      {queues.data !== undefined ? <Queues rows={queues.data} /> : queues.isError ? <Failed problem={problemOf(queues.error)} onRetry={() => void queues.refetch()} /> : <Loading what="queues" />}
      <h2>Shares of projects</h2>
      {shares.data !== undefined ? <Shares rows={shares.data} /> : shares.isError ? <Failed problem={problemOf(shares.error)} onRetry={() => void shares.refetch()} /> : <Loading what="shares" />}
    </div>
  );
}

function Queues({ rows }: { readonly rows: readonly QueueRow[] }): JSX.Element {
  const [asking, setAsking] = useState<QueueRow>();
  const client = useQueryClient();
  const change = async (row: QueueRow): Promise<void> => {
    await setPaused(row.name, !row.paused);
    await client.invalidateQueries({ queryKey: ["queues"] });
  };
  return (
    <div className="card" style={{ padding: 0, overflowX: "auto" }}>
      <table className="table folding">
        <thead>
          <tr>
            <th>Queue</th>
            <th>State</th>
            <th>Priority</th>
            <th>Running</th>
            <th>Waiting</th>
            <th>Change</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name} data-queue={row.name} data-walk>
              <td className="mono">{row.name}</td>
              <td>
                <State paused={row.paused} full={row.cap !== undefined && row.running >= row.cap} />
              </td>
              <td className="number">
                <span className="only-small soft">priority </span>
                {row.priority}
              </td>
              <td className="number">
                {row.running.toLocaleString()} {row.cap === undefined ? <span className="soft">running, no cap</span> : <span className="soft">of {row.cap.toLocaleString()} at once</span>}
              </td>
              <td className="number">
                {row.queued.toLocaleString()} <span className="soft">{row.queued === 1 ? "action" : "actions"} waiting</span>
              </td>
              <td className="line">
                <button type="button" onClick={() => setAsking(row)} aria-label={`${row.paused ? "Open" : "Pause"} ${row.name}`}>
                  {row.paused ? "Open" : "Pause"}
                </button>
                <Copy text={`wingbeat queue set ${row.name} ${row.paused ? "--resume" : "--pause"}`} label="Copy as CLI" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {asking !== undefined && (
        <Ask title={asking.paused ? `Open ${asking.name}?` : `Pause ${asking.name}?`} confirm={asking.paused ? "Open the queue" : "Pause the queue"} danger={!asking.paused} onConfirm={() => change(asking)} onClose={() => setAsking(undefined)}>
          <p>{asking.paused ? `${asking.queued.toLocaleString()} waiting actions may start again.` : `Nothing new starts in it. ${asking.running.toLocaleString()} that run go on; ${asking.queued.toLocaleString()} wait until somebody opens it.`}</p>
        </Ask>
      )}
    </div>
  );
}

function State({ paused, full }: { readonly paused: boolean; readonly full: boolean }): JSX.Element {
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

function Shares({ rows }: { readonly rows: readonly ShareRow[] }): JSX.Element {
  const sum = rows.reduce((total, row) => total + row.weight, 0);
  if (rows.length === 0) return <p className="soft">No project has a share of its own: all weigh 1.</p>;
  return (
    <div className="card" style={{ padding: 0 }}>
      <table className="table folding">
        <thead>
          <tr>
            <th>Project</th>
            <th>Weight</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.project}>
              <td className="mono">{row.project}</td>
              <td className="number">
                {row.weight} <span className="soft">{Math.round((100 * row.weight) / sum)} % of what these have together; others weigh 1</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
