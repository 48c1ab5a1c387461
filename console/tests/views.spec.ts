/** Views beside the first ones: the graph, two runs side by side, durations over time, queues. */
import { accessible, ended, expect, fits, header, row, test } from "./fixtures";

test("the graph folds what is alike, and is walked with arrow keys", async ({ page, runs, at }) => {
  await page.goto(at(`/runs/${runs.fan}?view=graph`));
  await ended(page, "Succeeded");
  const graph = page.getByRole("group", { name: /graph of/ });
  const fold = graph.getByRole("button", { name: /squares, 22 actions: 22 succeeded/ });
  await expect(fold).toHaveAttribute("aria-expanded", "false");
  await expect(graph.locator("[data-node]")).toHaveCount(2);
  await graph.getByRole("button", { name: /^Succeeded fan/ }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(fold).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(graph.locator("[data-node]")).toHaveCount(24);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/view=graph/);
  await expect(page).toHaveURL(/[?&]i=/);
  await expect(graph.locator("[aria-current=true]")).toHaveCount(1);
  await expect(page.getByRole("tabpanel")).toContainText("Inputs");
  await accessible(page);
});

test("waiting is told from running", async ({ page, platform, at }) => {
  const { turns } = await platform.seed("turns");
  await page.goto(at(`/runs/${turns}`));
  const tree = page.getByRole("list", { name: "tree of actions" });
  await expect(tree.getByText(/^waits \d/).first()).toBeVisible({ timeout: 60_000 });
  await ended(page, "Succeeded");
  await expect(tree.getByText(/^waits/)).toHaveCount(0);
  // Both slept four seconds; the one that was made to wait did not take eight.
  await expect(tree.locator("li").filter({ hasText: /^sleeps[45]\.\d s$/ })).toHaveCount(2);
  await page.goto(at(`/runs/${turns}?view=timeline`));
  const chart = page.getByRole("group", { name: "timeline of actions" });
  await chart.hover({ position: { x: 200, y: 26 + 2.5 * 24 } });
  await expect(page.locator(".bubble")).toContainText(/Succeeded · ran [45]\.\d s · waited [3-9]\.\d s/);
  await chart.click({ position: { x: 200, y: 26 + 2.5 * 24 } });
  await expect(page.getByText(/^waited [3-9]\.\d s$/)).toBeVisible();
});

test("two runs are compared: only what differs", async ({ page, platform, at }) => {
  const { quick1, quick2 } = await platform.seed("quick1", "quick2");
  await page.goto(at(`/runs/${quick1}`));
  await ended(page, "Succeeded");
  await page.getByRole("link", { name: "Compare" }).click();
  await page.getByRole("region", { name: "other runs" }).getByRole("link", { name: quick2 }).click();
  await expect(page).toHaveURL(new RegExp(`/runs/${quick1}/compare\\?with=${quick2}$`));
  const inputs = page.getByRole("region", { name: "Inputs" });
  await expect(inputs.getByRole("row", { name: "note" })).toContainText('"second"');
  await expect(inputs.getByRole("row")).toHaveCount(3);
  await expect(page.getByRole("region", { name: "Outputs" }).getByRole("row", { name: "o0" })).toContainText("42");
  await expect(page.getByRole("region", { name: "Specification" })).toContainText(/The same in both|different/);
  await accessible(page);
  await page.getByRole("link", { name: "Swap" }).click();
  await expect(page).toHaveURL(new RegExp(`/runs/${quick2}/compare\\?with=${quick1}$`));
});

test("runs are chosen in the list, compared, and started again with a count before", async ({ page, runs, platform, at }) => {
  const { quick1, quick2 } = await platform.seed("quick1", "quick2");
  await page.goto(at("/runs"));
  for (const run of [quick1, quick2]) await page.getByRole("checkbox", { name: `choose ${run}` }).check();
  await expect(page.getByRole("img", { name: /runs over .* succeeded/ })).toBeVisible();
  await expect(page.getByRole("link", { name: "Compare the two" })).toHaveAttribute("href", new RegExp(`/runs/${quick1}/compare\\?with=${quick2}$`));
  await expect(row(page, quick2)).toContainText("Succeeded", { timeout: 60_000 });
  const filter = page.getByRole("searchbox", { name: "task" });
  await filter.fill("quick");
  // A run that is far down in the list is hidden before the filter is there.
  await expect(page.locator("[data-run]").filter({ hasNotText: "quick" })).toHaveCount(0);
  await expect(row(page, runs.fails)).toBeHidden();
  await page.getByRole("button", { name: "Choose none" }).click();
  await page.getByRole("button", { name: /^Choose all \d+$/ }).click();
  const all = await page.getByRole("checkbox", { name: /^choose / }).count();
  await expect(page.getByRole("region", { name: "chosen runs" })).toContainText(`${String(all)} chosen`);
  await page.getByRole("button", { name: "Choose none" }).click();
  for (const run of [quick1, quick2]) await page.getByRole("checkbox", { name: `choose ${run}` }).check();
  const newest = async (): Promise<(string | null)[]> => page.locator("[data-run]").evaluateAll((rows) => rows.slice(0, 2).map((one) => one.getAttribute("data-run")));
  const before = await newest();
  // Runs of others would wait above a list that somebody reads further down; those that were started here are shown.
  await page.setViewportSize({ width: 1280, height: 360 });
  const scroller = page.locator(".scroller");
  await scroller.evaluate((box) => box.scrollTo({ top: 20 }));
  await page.getByRole("button", { name: "Run 2 again" }).click();
  await expect(page.getByRole("heading", { name: "Run again 2 runs?" })).toBeVisible();
  await page.getByRole("button", { name: "Run again: 2" }).click();
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect.poll(async () => (await newest()).filter((run) => before.includes(run))).toEqual([]);
  await expect.poll(async () => scroller.evaluate((box) => box.scrollTop)).toBe(0);
});

test("durations over time lead to their runs, and a form begins with the inputs of one", async ({ page, platform, at }) => {
  const { quick2 } = await platform.seed("quick2");
  await page.goto(at("/tasks/console.quick?tab=runs"));
  const mark = page.getByRole("group", { name: /durations of \d+ runs/ }).getByRole("link", { name: new RegExp(quick2) });
  await expect(mark).toBeVisible();
  await accessible(page);
  await mark.click();
  await expect(page).toHaveURL(new RegExp(`/runs/${quick2}$`));
  await ended(page, "Succeeded");
  await page.getByRole("link", { name: "With other inputs" }).click();
  await expect(page).toHaveURL(/tab=launch/);
  const note = page.getByRole("textbox", { name: "note text" });
  await expect(note).toHaveValue("second");
  await page.getByRole("combobox", { name: "Begin with the inputs of" }).selectOption("");
  await expect(note).toHaveValue("none");
});

test("queues are paused and opened after a question", async ({ page, platform, at }) => {
  await page.goto(at("/runs"));
  await page.getByRole("link", { name: "Queues" }).click();
  const queue = page.locator("[data-queue=default]");
  await expect(queue).toContainText("Open");
  await page.getByRole("button", { name: "Pause default" }).click();
  await expect(page.getByRole("dialog")).toContainText("Nothing new starts in it.");
  await page.getByRole("button", { name: "Pause the queue" }).click();
  await expect(queue).toContainText("Paused");
  const { quick1 } = await platform.seed("quick1");
  await expect(queue).toContainText("1 action waiting");
  await accessible(page);
  await page.goto(at(`/runs/${quick1}`));
  await expect(page.getByText(/Why it waits:.*paused/)).toBeVisible();
  await page.getByRole("link", { name: "default" }).click();
  await expect(page).toHaveURL(/\/v2\/queues\/default$/);
  await expect(page.getByRole("region", { name: "about this queue" })).toContainText("1 action");
  await expect(page.getByRole("region", { name: "about this queue" })).toContainText(/of 4 places taken/);
  await accessible(page);
  await page.getByRole("button", { name: "Open default" }).click();
  await page.getByRole("button", { name: "Open the queue" }).click();
  await expect(header(page)).not.toContainText("Paused");
  await page.goto(at(`/runs/${quick1}`));
  await ended(page, "Succeeded");
  await page.getByRole("tab", { name: "Task" }).click();
  await expect(page.getByRole("tabpanel").getByRole("link", { name: "default" })).toHaveAttribute("href", "/v2/queues/default");
  await page.goto(`${platform.url}/v2/queues/nobody-made-it`);
  await expect(page.getByRole("heading", { name: "There is no such queue" })).toBeVisible();
});

for (const theme of ["light", "dark"] as const) {
  for (const width of [1280, 390]) {
    const examined = (theme === "light") !== (width === 1280);
    test(`the other views ${examined ? "are accessible and " : ""}fit: ${theme}, ${String(width)} px`, async ({ page, platform, runs, at }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 900 });
      const pages = [at(`/runs/${runs.fails}?view=graph`), at(`/runs/${runs.fails}/compare?with=${runs.fan}`), at(`/runs/${runs.fails}/compare`), at("/tasks/console.quick?tab=runs"), `${platform.url}/v2/queues`, `${platform.url}/v2/queues/default`];
      for (const [index, address] of pages.entries()) {
        await page.goto(address);
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await expect(page.getByRole("status", { name: /^loading/ })).toHaveCount(0);
        if (examined) await accessible(page);
        await fits(page);
        const folder = process.env.SCREENSHOTS;
        if (folder !== undefined) await page.screenshot({ path: `${folder}/view-${String(index)}-${theme}-${String(width)}.png` });
      }
      await expect(header(page)).toBeVisible();
    });
  }
}
