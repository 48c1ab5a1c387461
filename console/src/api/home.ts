/** What the first page shows: projects, the state of the platform, and what needs a look. */
import { useQuery } from "@tanstack/react-query";

import type { RunRow, Scope } from "../lib/model";
import { time } from "./read";
import { someRuns } from "./runs";
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
  readonly slots: number;
  readonly used: number;
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
        executors: status.executors.map((one) => ({ name: one.name, connected: one.connected, slots: one.slots, used: one.slotsUsed })),
      };
    },
  });
}

export type ScopedRun = RunRow & { readonly scope: Scope };

/** Runs of all projects that have something to say now. */
export interface Attention {
  readonly waiting: readonly ScopedRun[];
  readonly failed: readonly ScopedRun[];
  readonly running: readonly ScopedRun[];
}

const EACH = 8;
/** Every scope costs three calls; a platform with more needs an aggregate of the server. */
const MOST_SCOPES = 12;

export function useAttention(projects: readonly ProjectRow[]) {
  const scopes = projects.flatMap(({ id, domains }) => domains.map((domain) => ({ project: id, domain }))).slice(0, MOST_SCOPES);
  return useQuery({
    queryKey: ["attention", scopes],
    enabled: scopes.length > 0,
    refetchInterval: 5_000,
    queryFn: async ({ signal }): Promise<Attention> => {
      const all = async (what: Parameters<typeof someRuns>[1]): Promise<readonly ScopedRun[]> => {
        const found = await Promise.all(scopes.map(async (scope) => (await someRuns(scope, what, EACH, signal)).runs.map((run) => ({ ...run, scope }))));
        return found.flat().sort((left, right) => (right.startedAt ?? 0) - (left.startedAt ?? 0)).slice(0, EACH);
      };
      const waiting = await all({ paused: true });
      const failed = await all({ phases: ["failed", "timed_out"], since: "24h" });
      const running = await all({ phases: ["queued", "waiting", "initializing", "running"] });
      return { waiting, failed, running };
    },
  });
}
