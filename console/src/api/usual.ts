/** How long actions of a task usually take in a large run: the median of a sample that its server finds first. */
import { useQueries } from "@tanstack/react-query";

import { median, type Usual } from "../lib/compare";
import type { RunKey } from "../lib/model";
import { runId } from "./ids";
import { numbersOf, readRows } from "./run-view";
import { runViewService } from "./transport";

/** Actions of one task that are looked at. */
export const SAMPLE = 100;
/** Of so many tasks. */
export const SAMPLED_TASKS = 20;
/** While a run goes on, what was not found is looked for again. */
const AGAIN = 10_000;

export function useUsual(key: RunKey, tasks: readonly string[], live: boolean): Usual {
  const found = useQueries({
    queries: tasks.map((task) => ({
      queryKey: ["view", key, "usual", task],
      staleTime: Infinity,
      refetchInterval: ({ state }: { readonly state: { readonly data: number | null | undefined } }) => (live && state.data === null ? AGAIN : (false as const)),
      queryFn: async ({ signal }: { readonly signal: AbortSignal }): Promise<number | null> => {
        const rows = readRows(await runViewService.listWindow({ runId: runId(key), text: task, phases: numbersOf(["succeeded"]), limit: SAMPLE }, { signal }));
        // The text may stand in a group, or be part of another task's name.
        return median(rows.filter((row) => (row.task?.name ?? row.title) === task)) ?? null;
      },
    })),
  });
  return new Map(tasks.flatMap((task, index) => (typeof found[index]?.data === "number" ? [[task, found[index].data] as const] : [])));
}
