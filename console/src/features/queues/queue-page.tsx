/** One queue: how it stands, who serves it, and how work gets into it. */
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";

import { useStatus } from "../../api/home";
import { type QueueRow, useQueues } from "../../api/queues";
import { problemOf } from "../../api/transport";
import { queueCommand } from "../../lib/command";
import { Copy } from "../../ui/controls";
import { Empty, Failed, Loading } from "../../ui/states";
import { useTitle } from "../../ui/title";
import { QueueState, QueueSwitch } from "./queue-state";

export function QueuePage({ name }: { readonly name: string }): JSX.Element {
  useTitle(name, "queue");
  const queues = useQueues();
  const queue = queues.data?.find((one) => one.name === name);
  const body = (): JSX.Element => {
    if (queue !== undefined) return <Facts queue={queue} />;
    if (queues.data === undefined) return queues.isError ? <Failed problem={problemOf(queues.error)} onRetry={() => void queues.refetch()} /> : <Loading what="the queue" />;
    return (
      <Empty title="There is no such queue">
        <p>
          Nobody has made it, or it was deleted. <Link to="/queues">All queues</Link>
        </p>
      </Empty>
    );
  };
  return (
    <div className="page">
      <div className="heading">
        <h1 className="mono">{name}</h1>
        {queue !== undefined && <QueueState queue={queue} />}
        <span className="grow" />
        <Copy text={queueCommand(name)} label="Copy as CLI" />
        <Copy text={`flyte.with_runcontext(queue=${JSON.stringify(name)})`} label="Copy as Python" />
        {queue !== undefined && <QueueSwitch queue={queue} />}
      </div>
      {body()}
    </div>
  );
}

function Facts({ queue }: { readonly queue: QueueRow }): JSX.Element {
  return (
    <section className="card" aria-label="about this queue">
      <dl className="facts">
        <dt>Priority</dt>
        <dd className="number">{queue.priority.toLocaleString()}</dd>
        <dt>Running</dt>
        <dd className="number">
          {queue.running.toLocaleString()} <span className="soft">{queue.cap === undefined ? `${queue.running === 1 ? "attempt" : "attempts"}, no cap` : `of ${queue.cap.toLocaleString()} at once`}</span>
        </dd>
        <dt>Waiting</dt>
        <dd className="number">
          {queue.queued.toLocaleString()} <span className="soft">{queue.queued === 1 ? "action" : "actions"}</span>
        </dd>
        <dt>Served by</dt>
        <dd>
          <ServedBy queue={queue.name} />
        </dd>
      </dl>
    </section>
  );
}

function ServedBy({ queue }: { readonly queue: string }): JSX.Element {
  const { data, isError, error } = useStatus();
  if (data === undefined) return <span className="soft">{isError ? problemOf(error).message : "…"}</span>;
  const serving = data.executors.filter(({ connected, queues }) => connected && (queues.length === 0 || queues.includes(queue)));
  if (serving.length === 0) return <strong className="error-text">No connected executor: nothing can start in it</strong>;
  return <>{serving.map(({ name, draining, used, slots }) => `${name} (${draining ? "drains" : `${String(used)} of ${String(slots)} places taken`})`).join(", ")}</>;
}
