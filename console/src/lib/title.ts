/** What a tab of the browser is called. */

const NAME = "Wingbeat";

/** What the page is about first: tabs show little of a title. */
export function titleOf(...parts: readonly (string | undefined)[]): string {
  return [...parts, NAME].filter((part) => part !== undefined && part !== "").join(" · ");
}
