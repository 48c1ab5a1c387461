/** A browser opens six connections to a server: all tabs share one watch. */
import { ended, expect, header, test } from "./fixtures";

test("eight tabs are live at once, and survive a restart of the server", async ({ page, context, platform, request, at }) => {
  test.setTimeout(180_000);
  const { talks } = await platform.seed("talks");
  const addresses = [`/runs/${talks}?tab=logs`, `/runs/${talks}`, `/runs/${talks}?view=timeline`, `/runs/${talks}?view=graph`, "/runs", "/runs?by=task", `/runs/${talks}?tab=logs`];
  const tabs = await Promise.all(addresses.map(async () => context.newPage()));
  await page.goto(at(`/runs/${talks}?tab=logs`));
  for (const [index, tab] of tabs.entries()) await tab.goto(at(addresses[index] ?? ""));
  const all = [page, ...tabs];
  const logs = all.filter((tab) => tab.url().includes("tab=logs"));
  expect([all.length, logs.length]).toEqual([8, 3]);
  for (const tab of logs) await expect(tab.getByRole("log")).toContainText(/line \d{4}/, { timeout: 60_000 });
  for (const tab of tabs.slice(1, 4)) await expect(header(tab).locator("[data-phase]")).toHaveText("Running");
  await expect(tabs[4]?.locator(`[data-run="${talks}"]`) ?? page.locator("nothing")).toContainText("Running");
  // One stream, and none beside it.
  const open = async (): Promise<string> => {
    const lines = (await (await request.get(`${platform.url}/metrics`)).text()).split("\n");
    return lines.filter((line) => /stream/.test(line) && /Watch|Tail/.test(line) && !line.includes("ActionsService") && !/ 0$/.test(line)).join("\n");
  };
  await expect.poll(open).toMatch(/^[^\n]*MultiWatchService[^\n]* 1$/);
  await platform.kill();
  for (const tab of all) await expect(tab.getByText(/The server does not answer/)).toBeVisible();
  await platform.start();
  for (const tab of logs) {
    await ended(tab, "Succeeded");
    await expect(tab.getByText("The log is complete.")).toBeVisible();
    // Nothing was said twice, and nothing left out.
    await tab.getByRole("searchbox", { name: "search the log" }).fill("line 0");
    await expect(tab.getByText("300 of")).toBeVisible();
  }
  for (const tab of tabs.slice(1, 4)) await ended(tab, "Succeeded");
  await expect(tabs[4]?.locator(`[data-run="${talks}"]`) ?? page.locator("nothing")).toContainText("Succeeded");
  await expect(tabs[5]?.getByRole("link", { name: `${talks}: Succeeded` }) ?? page.locator("nothing")).toBeVisible();
  for (const tab of tabs) await tab.close();
});
