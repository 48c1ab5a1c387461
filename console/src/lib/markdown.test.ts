import { expect, test } from "vitest";

import { markdown } from "./markdown";

const text = (words: string) => ({ kind: "text", text: words });

test("what people write into prompts is read", () => {
  const parts = markdown("# Ship *it*?\n\nRun **42** of `main`:\nsee [the plot](https://example.org/a_b)\n\n- one\n- two\n\n1. first\n\n> quoted\n\n```python\nx = **no**\n```\n---");
  expect(parts).toEqual([
    { kind: "heading", parts: [text("Ship "), { kind: "em", parts: [text("it")] }, text("?")] },
    { kind: "paragraph", parts: [text("Run "), { kind: "strong", parts: [text("42")] }, text(" of "), { kind: "code", text: "main" }, text(":\nsee "), { kind: "link", href: "https://example.org/a_b", parts: [text("the plot")] }] },
    { kind: "list", ordered: false, items: [[text("one")], [text("two")]] },
    { kind: "list", ordered: true, items: [[text("first")]] },
    { kind: "quote", parts: [text("quoted")] },
    { kind: "code", text: "x = **no**" },
    { kind: "rule" },
  ]);
});

test("nothing that is written becomes more than text", () => {
  for (const bad of ["<img src=x onerror=alert(1)>", "[click](javascript:alert(1))", "[click](data:text/html,x)", "snake_case_name and 2 * 3 * 4"]) {
    expect(markdown(bad)).toEqual([{ kind: "paragraph", parts: expect.arrayContaining([]) }]);
    expect(JSON.stringify(markdown(bad))).not.toMatch(/"kind":"(link|em|strong|code)"/);
  }
  expect(markdown("```\nnever closed")).toEqual([{ kind: "code", text: "never closed" }]);
});

test("texts made to be slow are read in no time", () => {
  const started = performance.now();
  for (const bad of ["**".repeat(20_000), "[".repeat(40_000), "`*_".repeat(15_000), "- \n".repeat(15_000), "> ".repeat(20_000)]) expect(markdown(bad).length).toBeGreaterThan(0);
  expect(performance.now() - started).toBeLessThan(10_000);
});
