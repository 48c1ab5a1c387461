/** What is done without a mouse, by a tap, and while a page is busy. */
import type { Locator } from "@playwright/test";

import { accessible, ended, expect, header, row, test } from "./fixtures";

test("keys go on working after clicks, and choose rows where they are", async ({ page, runs, at }) => {
  await page.goto(at(`/runs/${runs.fan}`));
  await ended(page, "Succeeded");
  const tree = page.getByRole("list", { name: "tree of actions" });
  const unfold = tree.getByRole("button", { name: "unfold fan", exact: true });
  await tree.getByRole("button", { name: "fan", exact: true }).click();
  await page.keyboard.press("ArrowLeft");
  await expect(unfold).toBeVisible();
  await page.keyboard.press("ArrowRight");
  await expect(unfold).toBeHidden();
  // In tabs arrows choose tabs.
  await page.getByRole("tab", { name: "Tree" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("tab", { name: "Timeline" })).toHaveAttribute("aria-selected", "true");
  await page.goto(at("/runs"));
  await expect(row(page, runs.fails)).toBeVisible();
  await page.locator("[data-run]").first().getByRole("checkbox").check();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await expect(page.getByRole("region", { name: "chosen runs" })).toContainText("2 chosen");
  await expect(page.locator("[data-run]:focus-within").getByRole("checkbox")).toBeChecked();
});

/** What opens a row, when the focus is on it and can be seen. */
const held = (row: Locator): Locator => row.locator("a:focus-visible, button:focus-visible");

test("j, k and Enter walk through every list", async ({ page, platform, runs, at }) => {
  expect(Object.keys(runs)).toHaveLength(7);
  const { quick1 } = await platform.seed("quick1", "quick2", "fan");
  await platform.seed("quick1");
  await platform.seed("quick1");
  for (const [path, list, opens] of [
    ["/runs", "[data-run]", /\/runs\/\w+$/],
    ["/runs?by=task", "tbody tr", /\/runs\?task=/],
    ["/tasks", "tbody tr", /\/tasks\/console\.\w+$/],
    ["/tasks/console.quick?tab=runs", "tbody tr", /\/runs\/\w+$/],
    [`/runs/${quick1}/compare`, "section li", /\/compare\?with=/],
  ] as const) {
    await page.goto(at(path));
    const rows = page.locator(list);
    await expect(rows.nth(2)).toBeVisible();
    await page.keyboard.press("j");
    await expect(held(rows.nth(0))).toBeVisible();
    for (const key of "jjk") await page.keyboard.press(key);
    await expect(held(rows.nth(1))).toBeVisible();
    await accessible(page);
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(opens);
  }
  await page.goto(at("/tasks/console.quick?tab=versions"));
  await expect(page.getByRole("cell", { name: "v1" })).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/version=v1/);
});

test("keys begin at what is on the screen", async ({ page, runs, at }) => {
  expect(Object.keys(runs)).toHaveLength(7);
  await page.setViewportSize({ width: 1280, height: 420 });
  await page.goto(at("/runs"));
  // Seven runs are there from the beginning.
  await expect(page.locator("[data-run]").nth(6)).toBeAttached();
  const list = page.locator(".runs .scroller");
  await list.evaluate((box) => box.scrollTo(0, 44 * 3));
  await page.keyboard.press("k");
  await expect(held(page.locator("[data-run]").nth(3))).toBeVisible();
});

test("keys go through all lists of the first page, and through the actions of a run", async ({ page, platform, runs, at }) => {
  await page.goto(at(`/runs/${runs.fails}`));
  await ended(page, "Failed");
  await page.goto(`${platform.url}/v2`);
  const failed = page.getByRole("region", { name: "Failed in the last 24 hours" });
  await expect(failed.getByRole("link", { name: runs.fails })).toBeVisible();
  await failed.getByRole("link", { name: runs.fails }).focus();
  await page.keyboard.press("j");
  await expect(failed.getByRole("link", { name: runs.fails })).not.toBeFocused();
  for (let key = 0; key < 60; key += 1) await page.keyboard.press("j");
  await expect(page.getByRole("region", { name: "flytesnacks" }).getByRole("link").last()).toBeFocused();
  await page.goto(at(`/runs/${runs.fails}`));
  await ended(page, "Failed");
  const tree = page.getByRole("list", { name: "tree of actions" });
  await page.keyboard.press("j");
  await expect(held(tree.getByRole("listitem").filter({ has: page.locator("[aria-current=true]") }))).toBeVisible();
  await page.keyboard.press("k");
  await expect(tree.getByRole("button", { name: "fails", exact: true })).toBeFocused();
  await page.getByRole("tab", { name: "Timeline" }).click();
  await page.keyboard.press("j");
  await expect(page.getByRole("group", { name: "timeline of actions" }).getByRole("status")).toHaveText(/^(square: Succeeded|breaks: Failed)$/);
});

test("a tap on the timeline chooses an action", async ({ page, runs, at }) => {
  await page.goto(at(`/runs/${runs.fails}?view=timeline`));
  await ended(page, "Failed");
  const chart = page.getByRole("group", { name: "timeline of actions" });
  await expect(async () => {
    const box = await chart.boundingBox();
    // A click without a pointer that was moved there before.
    await chart.dispatchEvent("click", { clientX: (box?.x ?? 0) + 20, clientY: (box?.y ?? 0) + 26 + 24 + 12, bubbles: true });
    await expect(page).toHaveURL(/[?&]i=/, { timeout: 1_000 });
  }).toPass();
});

test("a field keeps what is typed into its middle while the address follows", async ({ page, runs, at }) => {
  await page.goto(at(`/runs/${runs.fan}`));
  await ended(page, "Succeeded");
  const field = page.getByRole("searchbox", { name: "find an action" });
  await field.fill("sqre");
  await expect(page).toHaveURL(/[?&]q=sqre/);
  await field.press("Home");
  for (const key of ["ArrowRight", "ArrowRight", "u", "a"]) await field.press(key, { delay: 150 });
  await expect(field).toHaveValue("square");
  await expect(page).toHaveURL(/[?&]q=square/);
  expect(await field.evaluate((one) => (one instanceof HTMLInputElement ? one.selectionStart : -1))).toBe(4);
  // What another part of the page does to the address is taken over.
  await page.goto(at(`/runs/${runs.fan}?q=fan`));
  await expect(field).toHaveValue("fan");
});

test("dialogs give the focus back, pages have titles, and the content is one key away", async ({ page, runs, at, platform }) => {
  await page.goto(at(`/runs/${runs.fails}`));
  await ended(page, "Failed");
  await expect(page).toHaveTitle(/^Failed: fails · .* · Wingbeat$/);
  const again = header(page).getByRole("button", { name: "Run again" });
  await again.click();
  await page.getByRole("button", { name: "Go back" }).click();
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(again).toBeFocused();
  const help = page.getByRole("button", { name: "keyboard shortcuts" });
  for (const close of ["Escape", "Enter"]) {
    await help.focus();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog")).toBeVisible();
    await page.keyboard.press(close);
    await expect(page.getByRole("dialog")).toBeHidden();
    await expect(help).toBeFocused();
  }
  for (const [path, title] of [["/runs", /^Runs · /], ["/tasks", /^Tasks · /], ["/tasks/console.quick", /^console\.quick · /]] as const) {
    await page.goto(at(path));
    await expect(page).toHaveTitle(title);
  }
  await page.goto(`${platform.url}/v2/queues`);
  await expect(page).toHaveTitle("Queues · Wingbeat");
  const skip = page.getByRole("link", { name: "Skip to the content" });
  await expect(skip).not.toBeInViewport();
  await page.keyboard.press("Tab");
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page.locator("main")).toBeFocused();
});
