/** What should not be there and is: long lines, binary, phases of a newer server, long errors, clocks that are wrong. */
import type { Page } from "@playwright/test";

import { accessible, ended, expect, fits, header, row, test } from "./fixtures";

test("a line of ten megabytes and binary in a log are shown in part, a long error is folded", async ({ page, runs, at }) => {
  await page.goto(at(`/runs/${runs.odd}`));
  await ended(page, "Failed");
  const cause = page.getByRole("region", { name: "root cause" });
  await expect(cause.locator("strong")).toHaveText(/^no such bird <b>very<\/b> (long ?)+\s+…$/);
  expect((await cause.locator("strong").textContent())?.length).toBeLessThan(500);
  await cause.getByText("The whole message").click();
  await expect(cause.locator("details pre")).toContainText("long long long");
  await fits(page);
  await page.getByRole("tab", { name: "Logs" }).click();
  const log = page.getByRole("log");
  const search = page.getByRole("searchbox", { name: "search the log" });
  await expect(page.getByText("The log is complete.")).toBeVisible({ timeout: 60_000 });
  await search.fill("binary");
  await expect(log.locator(".entry").first()).toContainText("binary");
  expect(await log.evaluate((box) => [...(box.textContent ?? "")].filter((letter) => /[\u0000-\u0008\u000e-\u001f\u007f]/.test(letter)).length)).toBe(0);
  await search.fill("xxxxxxxx");
  await expect(log).toContainText(/characters more\)/);
  await search.fill("after the long line");
  await expect(log).toContainText("after the long line");
  await accessible(page);
});

/** Answers watches of this page with one message; without a shared worker they are the page's own. */
async function answered(page: Page, change: (message: string) => string): Promise<void> {
  await page.addInitScript(() => Reflect.deleteProperty(window, "SharedWorker"));
  await page.route("**/wingbeat.platform.v1.MultiWatchService/WatchMany", async (route) => {
    const asked: { subscriptions: { id: string; actions?: unknown }[] } = JSON.parse((route.request().postDataBuffer() ?? Buffer.alloc(0)).subarray(5).toString());
    const envelope = (text: string, flags: number): Buffer => {
      const [head, body] = [Buffer.alloc(5), Buffer.from(text)];
      head.writeUInt8(flags, 0);
      head.writeUInt32BE(body.length, 1);
      return Buffer.concat([head, body]);
    };
    const messages = asked.subscriptions.filter((one) => one.actions !== undefined).map((one) => envelope(change(one.id), 0));
    await route.fulfill({ contentType: "application/connect+json", body: Buffer.concat([...messages, envelope("{}", 2)]) });
  });
}

test("a phase of a newer server is a phase without a name, and fields that it added are no fault", async ({ page, runs, at }) => {
  await answered(page, (id) => {
    const action = (name: string, parent: string, phase: number): object => ({ action: { id: { run: { name: runs.fails }, name }, metadata: { parent, actionType: 1, spec: {}, funtionName: `new ${name}`, colour: "plaid" }, status: { phase, startTime: "2077-01-01T00:00:00Z", fresh: [1] } } });
    return JSON.stringify({ id, cursor: "1", novelty: {}, actions: { enrichedActions: [action("a0", "", 99), action("b", "a0", 4)] } });
  });
  await page.goto(at(`/runs/${runs.fails}`));
  await expect(header(page).locator("[data-phase]")).toHaveText("Unknown phase");
  await expect(page.getByRole("list", { name: "tree of actions" }).getByRole("listitem")).toHaveCount(2);
  for (const view of ["Timeline", "Graph"]) {
    await page.getByRole("tab", { name: view }).click();
    await expect(page.getByRole("tab", { name: view })).toHaveAttribute("aria-selected", "true");
  }
  await expect(page.getByRole("group", { name: "graph of 2 nodes" })).toBeVisible();
  await accessible(page);
});

for (const hours of [-30, 30]) {
  test(`a clock that is ${String(hours)} hours wrong gives no nonsense`, async ({ page, runs, at }) => {
    await page.addInitScript((shift) => {
      const real = Date.now;
      Date.now = () => real() + shift;
    }, hours * 3_600_000);
    // Among all runs it may be further down than the screen shows.
    await page.goto(at("/runs?phase=failed,timed_out"));
    await expect(row(page, runs.fails)).toContainText(hours < 0 ? /in 1 d/ : /1 d ago/);
    await page.goto(at(`/runs/${runs.fails}?view=timeline`));
    await ended(page, "Failed");
    await expect(header(page)).toBeVisible();
    for (const text of ["NaN", "Infinity", "Invalid Date", "undefined"]) await expect(page.locator("body")).not.toContainText(text);
    await expect(page.locator("body")).not.toContainText(/-\d+ (ms|s|min|h|d)\b/);
  });
}

test("names with odd characters are text", async ({ page, at }) => {
  for (const name of ["%3Cscript%3E", "a%2Fb%2F..", "%00", "x".repeat(300), "..%2F..%2Fetc"]) {
    for (const path of [`/runs/${name}`, `/tasks/${name}`, `/runs/${name}/compare?with=${name}`]) {
      await page.goto(at(path));
      await expect(page.getByText(/Not found|refuses|not deployed|no such page|Something went wrong/).first()).toBeVisible();
      await fits(page);
    }
  }
});
