/** Queues: pages of the platform, not of a project. */
import { getRouteApi } from "@tanstack/react-router";
import type { JSX } from "react";

import { QueuePage } from "../features/queues/queue-page";

export { QueuesPage as Queues } from "../features/queues/queues-page";

const one = getRouteApi("/queues/$queue");

export function Queue(): JSX.Element {
  return <QueuePage name={one.useParams().queue} />;
}
