import { expect, test } from "vitest";

import { type KeyTarget, takesArrows, takesEnter, takesLetters } from "./keys";

/** An element inside of others: `closest` knows what it is in. */
function target(tagName: string, type?: string, inside: readonly string[] = []): KeyTarget {
  const closest = (selector: string): unknown => (selector.split(", ").some((one) => one === tagName.toLowerCase() || inside.includes(one)) ? {} : null);
  return { tagName, isContentEditable: false, closest, ...(type !== undefined && { type }) };
}

test("letters belong to fields for text, and not to buttons that look like fields", () => {
  for (const one of [target("INPUT", "search"), target("INPUT", "text"), target("INPUT"), target("TEXTAREA"), target("SELECT", "select-one"), { ...target("DIV"), isContentEditable: true }]) expect(takesLetters(one)).toBe(true);
  for (const one of [target("INPUT", "checkbox"), target("INPUT", "radio"), target("BUTTON", "button"), target("BODY"), target("A")]) expect(takesLetters(one)).toBe(false);
});

test("arrows belong to tabs, drawings and what scrolls, Enter to what it presses", () => {
  expect(["[role=tablist]", ".graph", ".timeline", "[role=log]"].map((one) => takesArrows(target("BUTTON", "button", [one])))).toEqual([true, true, true, true]);
  expect([target("BUTTON"), target("BODY"), target("A")].map(takesArrows)).toEqual([false, false, false]);
  expect([target("A"), target("BUTTON"), target("SUMMARY"), target("INPUT", "checkbox"), target("BODY"), target("LI")].map(takesEnter)).toEqual([true, true, true, false, false, false]);
});
