import { expect, test } from "vitest";

import { type KeyTarget, nextOf, stepOf, takesArrows, takesLetters } from "./keys";

/** An element inside of others: `closest` knows what it is in. */
function target(tagName: string, type?: string, inside: readonly string[] = []): KeyTarget {
  const closest = (selector: string): unknown => (selector.split(", ").some((one) => one === tagName.toLowerCase() || inside.includes(one)) ? {} : null);
  return { tagName, isContentEditable: false, closest, ...(type !== undefined && { type }) };
}

test("letters belong to fields for text, and not to buttons that look like fields", () => {
  for (const one of [target("INPUT", "search"), target("INPUT", "text"), target("INPUT"), target("TEXTAREA"), target("SELECT", "select-one"), { ...target("DIV"), isContentEditable: true }]) expect(takesLetters(one)).toBe(true);
  for (const one of [target("INPUT", "checkbox"), target("INPUT", "radio"), target("BUTTON", "button"), target("BODY"), target("A")]) expect(takesLetters(one)).toBe(false);
});

test("arrows belong to tabs, drawings and what scrolls", () => {
  expect(["[role=tablist]", ".graph", ".timeline", "[role=log]"].map((one) => takesArrows(target("BUTTON", "button", [one])))).toEqual([true, true, true, true]);
  expect([target("BUTTON"), target("BODY"), target("A")].map(takesArrows)).toEqual([false, false, false]);
});

test("keys go from the row that has the focus, else to the first on the screen", () => {
  const rows = (focused: number, from = 0) => [0, 1, 2].map((at) => ({ focused: at === focused, onScreen: at >= from }));
  expect([nextOf(rows(1), 1), nextOf(rows(1), -1)]).toEqual([2, 0]);
  expect([nextOf(rows(2), 1), nextOf(rows(0), -1)]).toEqual([2, 0]);
  expect([nextOf(rows(-1, 1), 1), nextOf(rows(-1, 3), -1), nextOf([], 1)]).toEqual([1, 0, 0]);
  expect(["j", "k", "J", "ArrowDown"].map((key) => stepOf({ key }))).toEqual([1, -1, undefined, undefined]);
});
