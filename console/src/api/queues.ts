/** Queues and shares: who runs next, as operators decide it. */
import { useQuery } from "@tanstack/react-query";

import { schedulingService } from "./transport";

export interface QueueRow {
  readonly name: string;
  readonly priority: number;
  /** `undefined`: no cap. */
  readonly cap: number | undefined;
  readonly paused: boolean;
  readonly running: number;
  readonly queued: number;
}

export interface ShareRow {
  readonly project: string;
  readonly weight: number;
}

export function useQueues() {
  return useQuery({
    queryKey: ["queues"],
    refetchInterval: 3_000,
    queryFn: async ({ signal }): Promise<readonly QueueRow[]> => {
      const { queues } = await schedulingService.listQueues({}, { signal });
      const rows = queues.map((one) => ({ name: one.name, priority: one.priority, cap: one.maxRunning === 0 ? undefined : one.maxRunning, paused: one.paused, running: one.running, queued: Number(one.queued) }));
      return rows.sort((left, right) => right.priority - left.priority || (left.name < right.name ? -1 : 1));
    },
  });
}

export function useShares() {
  return useQuery({
    queryKey: ["shares"],
    refetchInterval: 30_000,
    queryFn: async ({ signal }): Promise<readonly ShareRow[]> => (await schedulingService.listShares({}, { signal })).shares.map(({ project, weight }) => ({ project, weight })),
  });
}

/** A paused queue starts nothing new; what runs goes on. */
export async function setPaused(name: string, paused: boolean): Promise<void> {
  await schedulingService.putQueue({ name, paused });
}
