/** What people do in the console, against a real server with real runs. */
import { gzipSync } from "node:zlib";

import { accessible, expect, fits, header, row, test } from "./fixtures";

test("the server hands the console out with a strict policy and long-lived files", async ({ page, request, platform }) => {
  const root = await request.get(`${platform.url}/`, { maxRedirects: 0 });
  expect([root.status(), root.headers()["location"]]).toEqual([307, "/v2"]);
  const answer = await page.goto(`${platform.url}/v2`);
  expect(answer?.headers()["content-security-policy"]).toContain("script-src 'self';");
  const script = await page.locator("script[src]").first().getAttribute("src");
  const file = await request.get(`${platform.url}${script ?? ""}`);
  expect(file.headers()["cache-control"]).toContain("immutable");
  expect(file.headers()["content-encoding"]).toBe("br");
  expect((await request.get(`${platform.url}/v2/assets/gone.js`)).status()).toBe(404);
});

test("the first page weighs less than 300 KiB", async ({ page, request, platform }) => {
  const files = new Set<string>();
  page.on("response", (response) => {
    if (new URL(response.url()).pathname.startsWith("/v2")) files.add(response.url());
  });
  await page.goto(`${platform.url}/v2`);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByRole("status", { name: /^loading/ })).toHaveCount(0);
  const sizes = await Promise.all([...files].map(async (url) => gzipSync(await (await request.get(url)).body()).length));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  test.info().annotations.push({ type: "first page", description: `${String(Math.round(total / 1024))} KiB gzip` });
  expect(files.size).toBeGreaterThan(3);
  expect(total).toBeGreaterThan(50 * 1024);
  expect(total).toBeLessThan(300 * 1024);
});

test("a failed run says at once what went wrong", async ({ page, runs, at }) => {
  await page.goto(at(`/runs/${runs.fails}`));
  await expect(header(page).locator("[data-phase]")).toHaveText("Failed", { timeout: 60_000 });
  const cause = page.getByRole("region", { name: "root cause" });
  await expect(cause).toContainText("breaks");
  await expect(cause).toContainText("integer division or modulo by zero");
  await expect(cause.getByRole("img", { name: "attempt 2: Failed" })).toBeVisible();
  await expect(cause.getByTestId("last-lines")).toContainText("ZeroDivisionError");
  await cause.getByRole("button", { name: "All its logs" }).click();
  await expect(page).toHaveURL(/tab=logs/);
  const log = page.getByRole("log");
  await page.getByRole("searchbox", { name: "search the log" }).fill("about to divide");
  await expect(log).toContainText("about to divide by 0");
  await page.getByRole("combobox", { name: "attempt" }).selectOption("1");
  await expect(page).toHaveURL(/attempt=1/);
});

test("conditions are answered, wrong answers are refused", async ({ page, runs, at }) => {
  await page.goto(at(`/runs/${runs.asks}`));
  const number = page.getByRole("region", { name: "question how-many" });
  await number.getByRole("textbox").fill("a few", { timeout: 60_000 });
  await number.getByRole("button", { name: "Answer" }).click();
  await expect(number.getByRole("alert")).toHaveText("Answer with a whole number.");
  await number.getByRole("textbox").fill("42");
  await number.getByRole("button", { name: "Answer" }).click();
  await page.getByRole("region", { name: "question go-on" }).getByRole("button", { name: "Yes" }).click();
  await expect(header(page).locator("[data-phase]")).toHaveText("Succeeded");
  await expect(page.getByRole("tabpanel")).toContainText("42");
});

test("a text, a whole number and a number are asked for until they are ones", async ({ page, platform, at }) => {
  const { wonders } = await platform.seed("wonders");
  await page.goto(at(`/runs/${wonders}`));
  for (const [name, wrong, message, right] of [
    ["name", "", "Write an answer first.", "a 'swift' & <b>co</b>"],
    ["wings", "2.5", "Answer with a whole number.", undefined],
    ["wings", "9223372036854775808", "This number does not fit into 64 bits.", "9223372036854775807"],
    ["ratio", "half", "Answer with a number.", "1e-3"],
  ] as const) {
    const question = page.getByRole("region", { name: `question ${name}` });
    const field = question.getByRole("textbox", { name: `answer to ${name}` });
    await field.fill(wrong, { timeout: 60_000 });
    await question.getByRole("button", { name: "Answer" }).click();
    await expect(question.getByRole("alert")).toHaveText(message);
    await expect(field).toHaveAttribute("aria-invalid", "true");
    if (right === undefined) continue;
    await field.fill(right);
    await field.press("Enter");
    await expect(question).toHaveCount(0);
  }
  await expect(header(page).locator("[data-phase]")).toHaveText("Succeeded", { timeout: 60_000 });
  for (const text of [`"a 'swift' & <b>co</b>"`, "9223372036854775807", "0.001"]) await expect(page.getByRole("tabpanel")).toContainText(text);
});

test("a run is launched with a wrong and then a right input", async ({ page, at }) => {
  await page.goto(at("/tasks/console.quick?tab=launch"));
  const input = page.getByRole("textbox", { name: "x whole number" });
  await input.fill("seven");
  await page.getByRole("button", { name: "Start the run" }).click();
  await expect(input).toHaveAttribute("aria-invalid", "true");
  await expect(page.locator("#input-x-problem")).toContainText("expected");
  await accessible(page);
  await input.fill("7");
  await page.getByText("Settings of the run").click();
  await page.getByRole("textbox", { name: "Labels" }).fill("from=console");
  await page.getByRole("button", { name: "Start the run" }).click();
  await expect(page).toHaveURL(/\/runs\/[a-z0-9]+/);
  await expect(header(page).locator("[data-phase]")).toHaveText("Succeeded", { timeout: 40_000 });
  await expect(page.getByRole("tabpanel")).toContainText("8");
  await expect(page.getByRole("link", { name: "from=console" })).toBeVisible();
});

test("the list of runs is live, filtered by its address, and aborts many with a count", async ({ page, platform, runs, at }) => {
  await page.goto(at("/runs"));
  await expect(row(page, runs.fails)).toBeVisible();
  const { sleeps } = await platform.seed("sleeps");
  await expect(row(page, sleeps)).toContainText("Running", { timeout: 30_000 });
  await page.goto(at("/runs?phase=running&task=sleeps"));
  await expect(row(page, sleeps)).toBeVisible();
  await expect(row(page, runs.fails)).toBeHidden();
  await page.getByRole("checkbox", { name: `choose ${sleeps}` }).check();
  await page.getByRole("button", { name: "Abort 1 that still runs" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Abort: 1" }).click();
  await expect(row(page, sleeps)).toBeHidden();
  await page.goto(at("/runs?by=task"));
  await expect(page.getByRole("link", { name: `${sleeps}: Aborted` })).toBeVisible();
  await accessible(page);
});

test("logs are followed, survive a restart of the server, and hide control characters", async ({ page, platform, at }) => {
  const { talks } = await platform.seed("talks");
  await page.goto(at(`/runs/${talks}?tab=logs`));
  const log = page.getByRole("log");
  await expect(log).toContainText(/line \d{4}/, { timeout: 60_000 });
  await platform.kill();
  await expect(page.getByText(/The server does not answer/)).toBeVisible();
  await platform.start();
  await expect(page.getByText("Connected again")).toBeVisible();
  await expect(header(page).locator("[data-phase]")).toHaveText("Succeeded", { timeout: 45_000 });
  await expect(page.getByText("The log is complete.")).toBeVisible();
  await expect(log).toContainText("line 0299");
  const search = page.getByRole("searchbox", { name: "search the log" });
  await search.fill("line 0");
  await expect(page.getByText("300 of")).toBeVisible();
  await search.fill("bell");
  await expect(log).toContainText("a bell  and a title  are not shown");
  await search.fill("bold red");
  await expect(log.locator(".c1.bold")).toContainText("bold red");
  await accessible(page);
});

test("a report runs in a frame that reads nothing of the console", async ({ page, runs, at }) => {
  await page.goto(at(`/runs/${runs.reports}?tab=report`));
  await expect(page.frameLocator("iframe").getByRole("heading", { name: "parent: refused" })).toBeVisible();
  expect(await page.locator("iframe").getAttribute("sandbox")).toBe("allow-scripts");
});

test("a run is aborted with a reason, and started again", async ({ page, platform, at }) => {
  const { sleeps } = await platform.seed("sleeps");
  await page.goto(at(`/runs/${sleeps}`));
  await page.getByRole("button", { name: "Abort", exact: true }).click();
  await page.getByRole("textbox", { name: "Reason" }).fill("enough slept");
  await page.getByRole("button", { name: "Abort the run" }).click();
  await expect(header(page).locator("[data-phase]")).toHaveText("Aborted");
  await expect(page.getByRole("tabpanel")).toContainText("enough slept");
  await page.getByRole("button", { name: "Run again" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Run again" }).click();
  await expect(page.getByText("again from")).toBeVisible();
  await page.getByRole("button", { name: "Abort", exact: true }).click();
  await page.getByRole("button", { name: "Abort the run" }).click();
  await expect(header(page).locator("[data-phase]")).toHaveText("Aborted");
});

test("values of many types are shown, and none of them becomes markup", async ({ page, runs, at }) => {
  await page.goto(at(`/runs/${runs.types}`));
  await page.getByRole("button", { name: "shows" }).click();
  const panel = page.getByRole("tabpanel");
  for (const text of ["swift", "b <script>alert(1)</script>", "1 h 30 min", "0.5", "note.txt", "None", "-5 min 0.000001 s", "2026-01-31T12:00:00.000007Z", '"weight": NaN']) await expect(panel).toContainText(text);
  await expect(panel).not.toContainText("\u202e");
  for (const tab of ["Task", "Raw"]) {
    await page.getByRole("tab", { name: tab }).click();
    await accessible(page);
  }
});

test("the tree folds large groups, and the keyboard goes everywhere", async ({ page, runs, at }) => {
  test.setTimeout(120_000);
  await page.goto(at(`/runs/${runs.fan}`));
  await expect(header(page).locator("[data-phase]")).toHaveText("Succeeded", { timeout: 90_000 });
  await expect(page.locator("[data-input=n]")).toHaveText("n 22");
  const tree = page.getByRole("list", { name: "tree of actions" });
  await expect(tree.getByText("square_squares")).toBeVisible();
  await expect(tree.getByRole("button", { name: "square", exact: true })).toHaveCount(0);
  await tree.getByRole("button", { name: /unfold .*squares/ }).click();
  await expect(tree.getByRole("button", { name: "square", exact: true }).first()).toBeVisible();
  await page.keyboard.press("j");
  await expect(page).toHaveURL(/[?&]i=/);
  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox", { name: "find an action" })).toBeFocused();
  await page.keyboard.press("Escape");
  await page.getByRole("tab", { name: "Timeline" }).click();
  await expect(page.getByRole("img", { name: /timeline of 23 actions/ })).toBeVisible();
  await page.getByRole("button", { name: "Zoom in" }).click();
  await accessible(page);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toContainText("next and previous row");
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await expect(page.getByRole("heading", { name: "Tasks" })).toBeVisible();
});

test("what does not exist is said plainly", async ({ page, at }) => {
  for (const [path, text] of [
    ["/runs/no-such-run", "Not found"],
    ["/runs/%F0%9F%A6%86%20%22odd%22", "The server refuses this|Not found"],
    ["/runs?phase=purple,failed&since=ever", "Runs"],
    ["/tasks/no.such.task", "not deployed"],
    ["/nothing/here", "no such page"],
  ] as const) {
    await page.goto(at(path));
    await expect(page.getByText(new RegExp(text)).first()).toBeVisible();
  }
});

for (const theme of ["light", "dark"] as const) {
  for (const width of [1280, 390]) {
    // Contrast depends on the theme, and the order of things on the width: two of the four see both.
    const examined = (theme === "light") === (width === 1280);
    test(`every page ${examined ? "is accessible and " : ""}fits: ${theme}, ${String(width)} px`, async ({ page, platform, runs, at }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 900 });
      const pages = [`${platform.url}/v2`, at("/runs"), at(`/runs/${runs.fails}`), at(`/runs/${runs.fan}?view=timeline`), at("/tasks"), at("/tasks/console.quick"), at("/tasks/console.quick?tab=launch"), at("/tasks/console.quick?tab=runs")];
      for (const address of pages) {
        await page.goto(address);
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await expect(page.getByRole("status", { name: /^loading/ })).toHaveCount(0);
        if (examined) await accessible(page);
        await fits(page);
      }
    });
  }
}
