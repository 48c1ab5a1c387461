/** What the cache did for an action, in a sentence. */
import type { CacheStatus } from "./model";

/** `undefined`: the action is not cached, and nobody asked. */
export function cacheSentence(status: CacheStatus): string | undefined {
  switch (status) {
    case "hit":
      return "Cache hit: an earlier action with the same inputs and code version had this result, so nothing ran.";
    case "populated":
      return "Cache miss: nothing was stored for these inputs and this code version. The result is stored now.";
    case "miss":
      return "Cache miss: nothing is stored for these inputs and this code version.";
    case "skipped":
      return "The cache was not read: the run asked to overwrite it.";
    case "lookup failed":
      return "The cache could not be read, so the task ran.";
    case "store failed":
      return "The result could not be stored in the cache.";
    case "evicted":
      return "The stored result was removed from the cache.";
    case "unknown":
      return "The server says something about the cache that this console does not know.";
    case "disabled":
      return undefined;
    default:
      return status satisfies never;
  }
}
