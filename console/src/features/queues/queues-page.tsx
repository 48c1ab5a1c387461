/** Queues in the order in which they are served, and what projects get of the executors. */
import type { JSX } from "react";

import { type QueueRow, type ShareRow, useQueues, useShares } from "../../api/queues";
import { problemOf } from "../../api/transport";
import { queueCommand } from "../../lib/command";
import { Copy } from "../../ui/controls";
import { QueueLink } from "../../ui/queue-link";
import { useTitle } from "../../ui/title";
import { Failed, Loading } from "../../ui/states";
import { QueueState, QueueSwitch } from "./queue-state";

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
              <td>
                <QueueLink queue={row.name} />
              </td>
              <td>
                <QueueState queue={row} />
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
                <QueueSwitch queue={row} />
                <Copy text={queueCommand(row.name)} label="Copy as CLI" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
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
