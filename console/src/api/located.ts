/** Where an action stands in the lists of a large run, and what has to be opened to see it. */
import { useQuery } from "@tanstack/react-query";

import type { RunKey } from "../lib/model";
import type { Phase } from "../lib/phase";
import { type Opened, WINDOW } from "../lib/window";
import { actionId, runId } from "./ids";
import { numbersOf, ROOT } from "./run-view";
import { problemOf, runService, runViewService } from "./transport";

/** Nobody reads a tree that is deeper. */
const DEEPEST = 50;

export interface Located {
  /** The list that holds it: its parent's name, or the one that was asked about. */
  readonly list: string;
  readonly at: number;
  /** What it is below, but the root. */
  readonly opened: ReadonlyMap<string, Opened>;
}

/** Looks for an action in the list of all that the phases fit or, without phases, in the tree; `null`: it is not there. */
export function useLocated(key: RunKey, phases: readonly Phase[], name: string | undefined): Located | null | undefined {
  return useQuery({
    queryKey: ["view", key, "located", phases, name],
    enabled: name !== undefined && name !== ROOT,
    // Asked anew each time: lists move.
    staleTime: Infinity,
    gcTime: 0,
    queryFn: async ({ signal }): Promise<Located | null> => {
      try {
        return phases.length > 0 ? await inList(key, phases, name ?? ROOT, signal) : await inTree(key, name ?? ROOT, signal);
      } catch (error) {
        if (problemOf(error).kind === "missing") return null;
        throw error;
      }
    },
  }).data;
}

async function inList(key: RunKey, phases: readonly Phase[], name: string, signal: AbortSignal): Promise<Located | null> {
  const at = await placeIn(key, "", phases, name, signal);
  return at === undefined ? null : { list: "", at, opened: new Map() };
}

async function inTree(key: RunKey, name: string, signal: AbortSignal): Promise<Located | null> {
  const line = await lineOf(key, name, signal);
  const places = await Promise.all(line.map(async ({ child, parent }) => ({ child, parent, at: await placeIn(key, parent, [], child, signal) })));
  const opened = new Map<string, Opened>();
  for (const { child, parent, at } of places) {
    if (at === undefined) return null;
    if (child !== name) opened.set(child, { parent, at });
  }
  const own = places[0];
  return own?.at === undefined ? null : { list: own.parent, at: own.at, opened };
}

/** The action, its parent and so on, up to a child of the root. */
async function lineOf(key: RunKey, name: string, signal: AbortSignal): Promise<readonly { readonly child: string; readonly parent: string }[]> {
  const line: { readonly child: string; readonly parent: string }[] = [];
  for (let child = name; child !== ROOT && line.length < DEEPEST; ) {
    const answer = await runService.getActionDetails({ actionId: actionId(key, child) }, { signal });
    const parent = answer.details?.metadata?.parent ?? "";
    if (parent === "") return [];
    line.push({ child, parent });
    child = parent;
  }
  return line.at(-1)?.parent === ROOT ? line : [];
}

/** Its row in a list; `undefined` from a server that cannot tell. */
async function placeIn(key: RunKey, parent: string, phases: readonly Phase[], name: string, signal: AbortSignal): Promise<number | undefined> {
  const answer = await runViewService.listWindow({ runId: runId(key), parent, phases: numbersOf(phases), limit: WINDOW, containing: name }, { signal });
  const index = answer.rows.findIndex((row) => row.action?.id?.name === name);
  return index < 0 || answer.offset === undefined ? undefined : Number(answer.offset) + index;
}
