/** What the first page shows: projects, the state of the platform, and what needs a look. */
import { useQuery } from "@tanstack/react-query";

import { type Asking, EACH, newestOf, type SomeRuns } from "../lib/attention";
import type { RunRow } from "../lib/model";
import { time } from "./read";
import { someRuns, type Sought } from "./runs";
import { platformService, projectService } from "./transport";

export interface ProjectRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly domains: readonly string[];
}

export function useProjects() {
  return useQuery({
    queryKey: ["projects"],
    staleTime: 60_000,
    queryFn: async ({ signal }): Promise<readonly ProjectRow[]> => {
      const answer = await projectService.listProjects({ limit: 200 }, { signal });
      return (answer.projects?.projects ?? [])
        .filter((project) => project.state === 0)
        .map((project) => ({ id: project.id, name: project.name || project.id, description: project.description, domains: project.domains.map((domain) => domain.id) }));
    },
  });
}

export interface Executor {
  readonly name: string;
  readonly connected: boolean;
  /** It takes nothing new. */
  readonly draining: boolean;
  readonly slots: number;
  readonly used: number;
  /** Those that it serves; none: all of them. */
  readonly queues: readonly string[];
}

export interface PlatformStatus {
  readonly version: string;
  readonly startedAt: number | undefined;
  readonly queued: number;
  readonly running: number;
  readonly executors: readonly Executor[];
}

export function useStatus() {
  return useQuery({
    queryKey: ["status"],
    refetchInterval: 5_000,
    queryFn: async ({ signal }): Promise<PlatformStatus> => {
      const status = await platformService.getStatus({}, { signal });
      return {
        version: status.version,
        startedAt: time(status.startedAt),
        queued: Number(status.queuedActions),
        running: Number(status.runningAttempts),
        executors: status.executors.map((one) => ({ name: one.name, connected: one.connected, draining: one.capabilities.includes("draining"), slots: one.slots, used: one.slotsUsed, queues: one.queues })),
      };
    },
  });
}

/** Runs of all projects that have something to say now. */
export interface Attention {
  readonly waiting: SomeRuns;
  readonly failed: SomeRuns;
  readonly running: SomeRuns;
}

export function useAttention({ asked, again }: Asking) {
  return useQuery({
    queryKey: ["attention", asked],
    enabled: asked.length > 0,
    refetchInterval: again,
    queryFn: async ({ signal }): Promise<Attention> => {
      const all = async (what: Sought, at: (run: RunRow) => number | undefined): Promise<SomeRuns> =>
        newestOf(await Promise.all(asked.map(async (scope) => ({ scope, ...(await someRuns(scope, what, EACH, signal)) }))), at);
      const waiting = await all({ paused: true }, (run) => run.createdAt);
      // A run that began days ago may have failed a minute ago.
      const failed = await all({ phases: ["failed", "timed_out"], ended: "24h" }, (run) => run.endedAt);
      const running = await all({ phases: ["queued", "waiting", "initializing", "running"] }, (run) => run.createdAt);
      return { waiting, failed, running };
    },
  });
}
