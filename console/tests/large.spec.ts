/** A run that is read in windows: with a lowered threshold, as no test has time for a hundred thousand actions. */
import type { Locator, Page } from "@playwright/test";

import { accessible, calls, ended, expect, fits, header, lowered, test } from "./fixtures";

/** So many traces of the root, then a task with a quarter of them, one that fails, and a question. */
const FIRST = 400;
const BEFORE = FIRST + 1 + FIRST / 4 + 1 + 1;
const LATER = 60;

const tree = (page: Page): Locator => page.getByRole("list", { name: "tree of actions" });
const scroller = (page: Page): Locator => page.locator(".scroller.tree");
const rows = (page: Page, count: number): Promise<void> => expect(scroller(page)).toHaveAttribute("data-count", String(count), { timeout: 60_000 });

async function scrollTo(page: Page, top: number): Promise<void> {
  await scroller(page).evaluate((box, at) => box.scrollTo({ top: at }), top);
}

/** Names in a list of the server's, from a row on. */
async function names(page: Page, at: (path: string) => string, run: string, asked: object): Promise<readonly string[]> {
  const runId = { project: "flytesnacks", domain: "development", name: run };
  const answer = await page.request.post(new URL("/wingbeat.platform.v1.RunViewService/ListWindow", at("/")).href, { data: { runId, ...asked } });
  expect(answer.ok(), await answer.text()).toBe(true);
  const { rows: found }: { rows: { action: { id: { name: string } } }[] } = await answer.json();
  return found.map((row) => row.action.id.name);
}

/** The list shows an action on the screen, and it is the chosen one. */
async function chosen(page: Page, name: string | undefined): Promise<void> {
  const row = tree(page).locator(`[data-action="${String(name)}"]`);
  await expect(row.locator("[aria-current=true]")).toBeVisible({ timeout: 30_000 });
  // The list may reach below the window; what counts is where it is scrolled to.
  const shown = (): Promise<boolean> =>
    row.evaluate((item) => {
      const [inside, around] = [item, item.closest(".scroller") ?? item].map((box) => box.getBoundingClientRect());
      return inside !== undefined && around !== undefined && inside.top >= around.top - 1 && inside.bottom <= around.bottom + 1;
    });
  await expect.poll(shown).toBe(true);
}

test("a large run is read in windows, lives, and is searched", async ({ page, platform, at }) => {
  test.setTimeout(240_000);
  const { many } = await platform.seed("many");
  await lowered(page, 50);
  await page.addInitScript(() => Reflect.deleteProperty(window, "SharedWorker"));
  const made = calls(page);
  await page.goto(at(`/runs/${many}`));
  const question = page.getByRole("region", { name: "question more" });
  await expect(question).toBeVisible({ timeout: 120_000 });
  // A page that was opened before there was much has let the stream go; one that is opened now never asks for it.
  await rows(page, FIRST + 4);
  made.length = 0;
  await page.reload();
  await rows(page, FIRST + 4);
  await expect(header(page).locator("[data-phase]")).toHaveText("Running");
  await expect(page.getByText(`${String(BEFORE + 1)} actions`)).toBeVisible();
  await expect(tree(page).getByRole("button", { name: "count", exact: true }).first()).toBeVisible();
  // Only what is seen is there.
  expect(await tree(page).getByRole("listitem").count()).toBeLessThan(80);
  const cause = page.getByRole("region", { name: "root cause" });
  await expect(cause).toContainText("integer division or modulo by zero");
  await expect(cause).toContainText("The run goes on.");

  await test.step("the end of the list, and an action with children", async () => {
    await scrollTo(page, 1e9);
    await tree(page).getByRole("button", { name: "unfold counts" }).click();
    await rows(page, FIRST + 4 + FIRST / 4);
    await tree(page).getByText("numbers").first().click();
    await expect(page).toHaveURL(/[?&]i=/);
    await expect(page.getByRole("region", { name: "action count" })).toBeVisible();
    await tree(page).getByRole("button", { name: "fold counts", exact: true }).click();
    await rows(page, FIRST + 4);
  });

  await test.step("keys", async () => {
    await scrollTo(page, 0);
    await tree(page).getByRole("button", { name: "many", exact: true }).click();
    await expect(tree(page).locator("[aria-current=true]")).toHaveText("many");
    await page.keyboard.press("j");
    await expect(tree(page).locator("[aria-current=true]")).toHaveText("count");
    await expect(page.getByRole("region", { name: "action count" })).toBeVisible();
    await page.keyboard.press("k");
    await expect(tree(page).locator("[aria-current=true]")).toHaveText("many");
  });

  await test.step("it lives: more actions after an answer", async () => {
    await question.getByRole("button", { name: "Yes" }).click();
    await rows(page, FIRST + 4 + LATER);
    await ended(page, "Succeeded");
    await expect(cause).toContainText("this failure was caught");
    await expect(question).toBeHidden();
    await expect(page.getByText(`${String(BEFORE + LATER + 1)} actions`)).toBeVisible();
    await scrollTo(page, 1e9);
    await expect(tree(page).locator("[data-waiting]")).toHaveCount(0);
    await expect(tree(page).locator(".phase").last()).toHaveAttribute("title", "Succeeded");
  });

  await test.step("filters", async () => {
    await page.getByRole("group", { name: "phases" }).getByRole("button", { name: "Failed 1" }).click();
    await rows(page, 1);
    await expect(tree(page)).toContainText("breaks");
    await page.getByRole("group", { name: "phases" }).getByRole("button", { name: "Failed 1" }).click();
    await page.getByRole("combobox", { name: "group" }).selectOption("numbers");
    await expect(page.getByRole("status").filter({ hasText: `${String(FIRST / 4)} found` })).toBeVisible();
    await page.getByRole("combobox", { name: "group" }).selectOption("");
    await page.getByRole("searchbox", { name: "find an action" }).fill("COUNT");
    const found = page.getByRole("list", { name: "actions that fit" });
    await expect(found).toBeVisible();
    await expect(async () => {
      await scrollTo(page, 1e9);
      await expect(page.getByRole("status").filter({ hasText: `${(FIRST + 1 + FIRST / 4 + LATER).toLocaleString("en")} found` })).toHaveText(/found$/, { timeout: 500 });
    }).toPass({ timeout: 60_000 });
    await page.getByRole("searchbox", { name: "find an action" }).fill("no such action");
    await expect(page.getByText("No action fits")).toBeVisible();
  });

  await test.step("the address of an action leads the list to it, and keys go on from there", async () => {
    const [here, next] = await names(page, at, many, { parent: "a0", offset: "317", limit: 2 });
    await page.goto(at(`/runs/${many}?i=${String(here)}`));
    await chosen(page, here);
    await expect(page.getByRole("region", { name: "action count" })).toBeVisible();
    await page.keyboard.press("j");
    await chosen(page, next);
    await page.keyboard.press("k");
    await chosen(page, here);
    // Below another action, which is opened for it.
    const parent = (await names(page, at, many, { parent: "a0", limit: 1000, text: "console.counts" }))[0];
    const [above, deep] = await names(page, at, many, { parent, offset: "59", limit: 2 });
    await page.goto(at(`/runs/${many}?i=${String(deep)}`));
    await rows(page, FIRST + 4 + LATER + FIRST / 4);
    await chosen(page, deep);
    await page.keyboard.press("k");
    await chosen(page, above);
    // What another part of the page chooses.
    await scrollTo(page, 0);
    await page.getByRole("region", { name: "root cause" }).getByRole("button", { name: "breaks" }).click();
    await chosen(page, (await names(page, at, many, { phases: [6] }))[0]);
    // In a list by phase, and where the list does not hold it.
    const far = (await names(page, at, many, { phases: [5], offset: "401", limit: 1 }))[0];
    await page.goto(at(`/runs/${many}?phase=succeeded&i=${String(far)}`));
    await chosen(page, far);
    await page.goto(at(`/runs/${many}?phase=failed&i=${String(far)}`));
    await rows(page, 1);
    await expect(page.getByRole("region", { name: "action count" })).toBeVisible();
    await expect(tree(page).locator("[aria-current=true]")).toHaveCount(0);
  });

  // At no time were all actions asked for.
  expect(made).not.toContain("watch actions");
  expect(made).toContain("watch logs");
  expect(made.filter((call) => call === "ListWindow").length).toBeGreaterThan(3);
});

test("a run that grows too large while it is watched is read in windows from then on", async ({ page, platform, at }) => {
  test.setTimeout(240_000);
  await lowered(page, BEFORE + 1);
  await page.addInitScript(() => Reflect.deleteProperty(window, "SharedWorker"));
  const made = calls(page);
  const { many } = await platform.seed("many");
  await page.goto(at(`/runs/${many}`));
  const question = page.getByRole("region", { name: "question more" });
  await expect(question).toBeVisible({ timeout: 120_000 });
  await expect(page.getByRole("tab", { name: "Graph" })).toBeVisible();
  expect(made).toContain("watch actions");
  await expect(page.getByText(`${String(BEFORE + 1)} actions`)).toBeVisible();
  await question.getByRole("button", { name: "Yes" }).click();
  await expect(page.getByRole("tab", { name: "By task" })).toBeVisible({ timeout: 60_000 });
  await rows(page, FIRST + 4 + LATER);
  await ended(page, "Succeeded");
  // From then on nothing watches the actions.
  made.length = 0;
  await page.getByRole("button", { name: "All its logs" }).click();
  await expect.poll(() => made).toContain("watch logs");
  expect(made).not.toContain("watch actions");
});

test("a large run over time and by task", async ({ page, runs, at }) => {
  await lowered(page, 5);
  await page.goto(at(`/runs/${runs.fan}?view=timeline`));
  await ended(page, "Succeeded");
  const chart = page.getByRole("img", { name: /timeline of \d+ parts/ });
  await expect(chart).toBeVisible();
  await expect(page.getByTestId("legend")).toContainText("ended well");
  // From the left, part by part, until one in which something began; keys do what clicks do.
  const box = await chart.boundingBox();
  await chart.click({ position: { x: 2, y: 100 } });
  await expect(page.getByText(/Began between \+/)).toBeVisible();
  const began = page.getByRole("list", { name: "actions that began in this part" });
  const legend = page.getByTestId("legend");
  await page.mouse.move(0, 0);
  await page.getByRole("group", { name: "timeline by parts" }).focus();
  for (let part = 0; part < 120 && !/began [1-9]/.test((await legend.textContent()) ?? ""); part += 1) {
    await page.keyboard.press("ArrowRight");
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  }
  await expect(legend).toContainText(/began [1-9]/);
  await began.getByRole("button", { name: "square", exact: true }).first().click();
  await expect(page.getByRole("region", { name: "action square" })).toBeVisible();
  await page.getByRole("button", { name: "Zoom in" }).click();
  await expect(page.getByRole("button", { name: "Show all" })).toBeEnabled();
  await chart.click({ position: { x: (box?.width ?? 200) / 2, y: 100 } });
  await page.getByRole("button", { name: "Show all" }).click();
  await expect(page.getByRole("button", { name: "Show all" })).toBeDisabled();
  await page.getByRole("tab", { name: "By task" }).click();
  await page.getByRole("region", { name: "Tasks" }).getByRole("button", { name: "console.square" }).click();
  await expect(page.getByRole("status").filter({ hasText: "22 found" })).toBeVisible();
});

test("a list of a million rows is shown in slices, any row is one step away", async ({ page, runs, at }) => {
  await lowered(page, 5);
  // No test makes a million actions: counts and windows are answered here.
  await page.route("**/wingbeat.platform.v1.RunViewService/GetRunCounts", (route) => route.fulfill({ json: { all: { total: "1000000", phases: [{ phase: 5, count: "1000000" }] } } }));
  await page.route("**/wingbeat.platform.v1.RunViewService/ListWindow", async (route) => {
    const asked: { offset?: string; containing?: string; limit: number } = route.request().postDataJSON();
    const sought = Number(asked.containing?.slice(1) ?? 0);
    const from = asked.containing === undefined ? Number(asked.offset ?? 0) : sought - (sought % asked.limit);
    const row = (index: number): object => ({ action: { id: { run: { name: runs.fan }, name: `n${String(index)}` }, metadata: { parent: "a0", actionType: "ACTION_TYPE_TASK", funtionName: `row ${String(index + 1)}` }, status: { phase: "ACTION_PHASE_SUCCEEDED" } } });
    await route.fulfill({ json: { rows: Array.from({ length: asked.limit }, (_, index) => row(from + index)), total: "1000000", offset: String(from) } });
  });
  await page.route("**/flyteidl2.workflow.RunService/GetActionDetails", async (route) => {
    const { actionId }: { actionId: { name: string } } = route.request().postDataJSON();
    if (actionId.name === "a0") await route.fallback();
    else await route.fulfill({ json: { details: { id: actionId, metadata: { parent: "a0", actionType: "ACTION_TYPE_TASK", funtionName: `row ${String(Number(actionId.name.slice(1)) + 1)}` }, status: { phase: "ACTION_PHASE_SUCCEEDED" } } } });
  });
  await page.goto(at(`/runs/${runs.fan}`));
  await rows(page, 1_000_001);
  await expect(page.getByText("1,000,001 actions")).toBeVisible();
  const shows = (index: number): Promise<void> => expect(tree(page).getByRole("button", { name: `row ${String(index)}`, exact: true })).toBeVisible();
  await shows(1);
  await scrollTo(page, 1e9);
  await shows(199_999);
  await page.getByRole("button", { name: "Later" }).click();
  await page.getByRole("textbox", { name: "go to row" }).fill("1,000,001");
  await page.getByRole("button", { name: "Go", exact: true }).click();
  await shows(1_000_000);
  await expect(page.getByRole("button", { name: "Later" })).toBeDisabled();
  await page.getByRole("textbox", { name: "go to row" }).fill("500000");
  await page.getByRole("button", { name: "Go", exact: true }).click();
  await shows(499_999);
  expect(await tree(page).getByRole("listitem").count()).toBeLessThan(80);
  await accessible(page);
  await fits(page);
  await page.goto(at(`/runs/${runs.fan}?i=n654320`));
  await chosen(page, "n654320");
  await expect(page.getByText("Rows 600,001 to 800,000 of 1,000,001")).toBeVisible();
  await page.keyboard.press("j");
  await chosen(page, "n654321");
});

for (const theme of ["light", "dark"] as const) {
  for (const width of [1280, 390]) {
    test(`a large run is accessible and fits: ${theme}, ${String(width)} px`, async ({ page, runs, at }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 900 });
      await lowered(page, 2);
      await page.goto(at(`/runs/${runs.fan}`));
      await ended(page, "Succeeded");
      await expect(tree(page).getByRole("button", { name: "square", exact: true }).first()).toBeVisible();
      for (const view of ["Tree", "Timeline", "By task"]) {
        await page.getByRole("tab", { name: view }).click();
        await expect(page.getByRole("tab", { name: view })).toHaveAttribute("aria-selected", "true");
        await expect(page.getByRole("status", { name: /^loading/ })).toHaveCount(0);
        await accessible(page);
        await fits(page);
      }
    });
  }
}
