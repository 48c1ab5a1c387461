/** What is done without a mouse, by a tap, and while a page is busy. */
import { ended, expect, header, row, test } from "./fixtures";

test("keys go on working after clicks, and Enter opens the row that keys are at", async ({ page, runs, at }) => {
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
  const here = page.locator("[data-run][aria-current=true]");
  await expect(here).toHaveCount(1);
  const name = (await here.getAttribute("data-run")) ?? "";
  const none = page.getByRole("button", { name: "Choose none" });
  await none.focus();
  await page.keyboard.press("Enter");
  await expect(none).toBeHidden();
  await expect(page).toHaveURL(/\/runs$/);
  await here.getByRole("checkbox").focus();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/runs/${name}$`));
});

test("a tap on the timeline chooses an action", async ({ page, runs, at }) => {
  await page.goto(at(`/runs/${runs.fails}?view=timeline`));
  await ended(page, "Failed");
  const chart = page.getByRole("group", { name: "timeline of actions" });
  const box = await chart.boundingBox();
  // A click without a pointer that was moved there before.
  await chart.dispatchEvent("click", { clientX: (box?.x ?? 0) + 20, clientY: (box?.y ?? 0) + 26 + 24 + 12, bubbles: true });
  await expect(page).toHaveURL(/[?&]i=/);
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
