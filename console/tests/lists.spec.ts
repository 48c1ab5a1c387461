/** Lists that say what is in them: the first page, runs with filters, runs by task. */
import type { Page } from "@playwright/test";

import { accessible, ended, expect, row, test } from "./fixtures";

const LIST_RUNS = "**/flyteidl2.workflow.RunService/ListRuns*";

test("the first page shows what failed today, that there is more, and why it cannot be shown", async ({ page, platform, runs, at }) => {
  await page.goto(at(`/runs/${runs.fails}`));
  await ended(page, "Failed");
  await page.goto(`${platform.url}/v2`);
  const failed = page.getByRole("region", { name: "Failed in the last 24 hours" });
  await expect(failed.getByRole("link", { name: runs.fails })).toBeVisible();
  let answers: "more" | "refusals" | "all" = "more";
  await page.route(LIST_RUNS, async (route) => {
    if (answers === "all") return route.continue();
    if (answers === "refusals") return route.fulfill({ status: 403, json: { code: "permission_denied", message: "not for you" } });
    try {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), token: "more" } });
    } catch {
      // The page has left meanwhile.
    }
  });
  await page.reload();
  await failed.getByRole("link", { name: "flytesnacks/development" }).click();
  await expect(page).toHaveURL(/\/runs\?phase=failed%2Ctimed_out$/);
  await expect(row(page, runs.fails)).toBeVisible();
  answers = "refusals";
  await page.getByRole("link", { name: "Wingbeat" }).click();
  await page.reload();
  await expect(page.getByRole("alert")).toContainText("not for you");
  await expect(page.getByRole("status", { name: /^loading/ })).toHaveCount(0);
  await accessible(page);
  answers = "all";
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(failed.getByRole("link", { name: runs.fails })).toBeVisible();
});

test("another filter shows at once what waited above the list", async ({ page, platform, runs, at }) => {
  await page.goto(at("/runs"));
  // Whichever is at the top: the list holds only rows that are on the screen.
  await page.locator("[data-run]").first().hover();
  const { quick1 } = await platform.seed("quick1");
  await expect(page.getByRole("button", { name: /^\d+ new runs?$/ })).toBeVisible();
  await expect(row(page, quick1)).toBeHidden();
  await page.goto(at("/runs?phase=failed,timed_out"));
  await row(page, runs.fails).hover();
  const { quick2 } = await platform.seed("quick2");
  await page.getByRole("button", { name: "Clear" }).focus();
  await page.keyboard.press("Enter");
  await expect(row(page, quick2)).toBeVisible();
});

/** Refuses watches of one kind; without a shared worker they are the page's own. */
async function refused(page: Page, what: string): Promise<void> {
  await page.addInitScript(() => Reflect.deleteProperty(window, "SharedWorker"));
  await page.route("**/wingbeat.platform.v1.MultiWatchService/WatchMany", async (route) => {
    const asked: { subscriptions: Record<string, unknown>[] } = JSON.parse((route.request().postDataBuffer() ?? Buffer.alloc(0)).subarray(5).toString());
    const messages = asked.subscriptions.filter((one) => what in one).map((one) => JSON.stringify({ id: one["id"], refused: { code: "permission_denied", message: "not for you" } }));
    const envelopes = [...messages.map((text) => [0, text] as const), [2, "{}"] as const].map(([flags, text]) => {
      const head = Buffer.alloc(5);
      head.writeUInt8(flags, 0);
      head.writeUInt32BE(Buffer.byteLength(text), 1);
      return Buffer.concat([head, Buffer.from(text)]);
    });
    await route.fulfill({ contentType: "application/connect+json", body: Buffer.concat(envelopes) });
  });
}

test("a list that is not live says so, and a picture that is refused is not empty", async ({ page, runs, at }) => {
  await refused(page, "runs");
  await page.goto(at("/runs?phase=failed,timed_out"));
  await expect(row(page, runs.fails)).toBeVisible();
  await expect(page.getByText("This list does not change by itself: not for you")).toBeVisible();
  await page.unroute("**/wingbeat.platform.v1.MultiWatchService/WatchMany");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByText("This list does not change by itself")).toBeHidden();
  await refused(page, "groups");
  await page.goto(at("/runs?by=task"));
  await expect(page.getByRole("alert")).toContainText("not for you");
  await page.unroute("**/wingbeat.platform.v1.MultiWatchService/WatchMany");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("cell", { name: "console.fan" })).toBeVisible();
  await expect(page.getByText("Runs of the last 30 days.")).toBeVisible();
});

test("filters do not apply to the picture by task, which says so", async ({ page, at }) => {
  await page.goto(at("/runs?by=task&phase=failed"));
  await expect(page.getByText("Filters choose single runs; this table counts all of them.")).toBeVisible();
  await accessible(page);
  await page.getByRole("button", { name: "List those that fit" }).click();
  await expect(page).toHaveURL(/\/runs\?phase=failed$/);
  await page.goto(at("/runs?by=task&phase=failed"));
  await page.getByRole("button", { name: "Clear the filters" }).click();
  await expect(page).toHaveURL(/\/runs\?by=task$/);
  await expect(page.getByText("Filters choose single runs")).toBeHidden();
});

test("inputs of the run are one click away from any of its actions", async ({ page, runs, at }) => {
  await page.goto(at(`/runs/${runs.fails}`));
  await ended(page, "Failed");
  await page.getByRole("region", { name: "root cause" }).getByRole("button", { name: "breaks" }).click();
  await expect(page.getByRole("region", { name: "action breaks" })).toBeVisible();
  await page.getByRole("button", { name: "Inputs and outputs" }).click();
  await expect(page.getByRole("region", { name: "action fails" }).getByRole("tabpanel")).toContainText("width");
});

test("on a small screen cells say what they are, and fields are wide enough to be read", async ({ page, runs, at }) => {
  await page.goto(at(`/runs/${runs.fails}`));
  await ended(page, "Failed");
  await page.goto(at("/runs?by=task"));
  const rate = page.getByRole("row").filter({ hasText: "console.fails" }).getByRole("cell").nth(3);
  const said = async (): Promise<string> => rate.evaluate((cell) => getComputedStyle(cell, "::before").content);
  await expect(rate).toHaveText("100 %");
  expect(await said()).toBe("none");
  await page.setViewportSize({ width: 390, height: 900 });
  expect(await said()).toBe('"failure rate"');
  for (const [path, field] of [[`/runs/${runs.fails}`, "find an action"], [`/runs/${runs.fails}?tab=logs`, "search the log"]] as const) {
    await page.goto(at(path));
    await expect(async () => expect((await page.getByRole("searchbox", { name: field }).boundingBox())?.width).toBeGreaterThan(120)).toPass();
  }
});
