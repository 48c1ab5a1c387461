import { expect, test } from "vitest";

import { hearing, isNews, telling, typedOf, typing } from "./typed";

test("an echo of what was typed before does not undo what is typed now", () => {
  let state = telling(typing(typedOf(""), "a"));
  state = typing(state, "ab");
  expect(isNews(state)).toBe(true);
  state = hearing(telling(state), "a");
  expect([state.text, isNews(state)]).toEqual(["ab", false]);
  state = typing(state, "abc");
  expect(hearing(state, "ab").text).toBe("abc");
});

test("echoes may be left out, and what comes from elsewhere is taken over", () => {
  const state = telling(typing(telling(typing(typedOf(""), "a")), "ab"));
  expect(hearing(state, "ab")).toEqual({ text: "ab", seen: "ab", told: [] });
  expect(hearing(state, "other")).toEqual({ text: "other", seen: "other", told: [] });
  expect(isNews(typedOf("x"))).toBe(false);
});
