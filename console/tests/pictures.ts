/** Pictures of the console: those of the README go to docs/img, every page in both themes and widths to test-results. */
import { execFile } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import type { Page } from "@playwright/test";

import { ended, expect, test } from "./fixtures";

const top = join(import.meta.dirname, "../..");
const look = join(import.meta.dirname, "../test-results/look");

async function settled(page: Page): Promise<void> {
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByRole("status", { name: /^loading/ })).toHaveCount(0);
  await page.mouse.move(0, 0);
}

test("the README's pictures", async ({ page, platform, at }) => {
  const { fails } = await platform.seed("fails");
  const report = join(tmpdir(), `wingbeat-pictures-${String(process.pid)}.html`);
  const said = await promisify(execFile)(platform.python, [join(top, "examples/digits/run.py"), "--endpoint", new URL(platform.url).host.replace("127.0.0.1", "localhost"), "--report", report]);
  rmSync(report, { force: true });
  const sweep = /first run\s.*\/runs\/([a-z0-9]+)/.exec(said.stdout)?.[1] ?? "";
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.goto(at(`/runs/${fails}`));
  await ended(page, "Failed");
  await expect(page.getByTestId("last-lines")).toBeVisible();
  await settled(page);
  await page.screenshot({ path: join(top, "docs/img/run-failed.png") });
  await page.goto(at(`/runs/${sweep}?view=timeline&tab=report`));
  await ended(page, "Succeeded");
  await expect(page.frameLocator("iframe").getByRole("heading").first()).toBeVisible();
  await settled(page);
  await page.screenshot({ path: join(top, "docs/img/run-timeline.png") });
});

test("every page, to be looked at", async ({ page, platform, runs, at }) => {
  const { quick1, quick2, said, recalls } = await platform.seed("quick1", "quick2", "said", "recalls");
  const pages = {
    home: `${platform.url}/v2`,
    runs: at("/runs"),
    tasks: at("/runs?by=task"),
    failed: at(`/runs/${runs.fails}`),
    timeline: at(`/runs/${runs.fan}?view=timeline`),
    graph: at(`/runs/${runs.fan}?view=graph`),
    action: at(`/runs/${runs.files}`),
    values: at(`/runs/${runs.types}`),
    cached: at(`/runs/${recalls}`),
    logs: at(`/runs/${said}?tab=logs&line=200`),
    report: at(`/runs/${runs.reports}?tab=report`),
    launch: at(`/tasks/console.quick?tab=launch&like=${quick1}`),
    task: at("/tasks/console.quick"),
    durations: at("/tasks/console.quick?tab=runs"),
    compare: at(`/runs/${quick1}/compare?with=${quick2}`),
    queues: `${platform.url}/v2/queues`,
    queue: `${platform.url}/v2/queues/default`,
    versions: at("/tasks/console.quick?tab=versions"),
    inputs: at("/tasks/console.reads?tab=launch"),
    asks: at(`/runs/${runs.asks}`),
    attempts: at(`/runs/${runs.fails}?group=good+ones`),
    missing: at("/runs/no-such-run"),
  };
  mkdirSync(look, { recursive: true });
  for (const run of [quick1, quick2, said, recalls, runs.fails, runs.fan]) {
    await page.goto(at(`/runs/${run}`));
    await expect(page.locator(".heading [data-phase]").first()).toHaveText(/Succeeded|Failed/, { timeout: 120_000 });
  }
  for (const theme of ["light", "dark"] as const) {
    for (const width of [1280, 390]) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 900 });
      for (const [name, address] of Object.entries(pages)) {
        await page.goto(address);
        await settled(page);
        if (name === "launch") await page.getByText("Settings of the run").click();
        await page.screenshot({ path: join(look, `${name}-${theme}-${String(width)}.png`), fullPage: name !== "runs" });
      }
      // The same, read in windows.
      await page.evaluate(() => window.localStorage.setItem("wingbeat.windowed-above", "5"));
      for (const [name, address] of Object.entries({ tree: `/runs/${runs.fan}`, buckets: `/runs/${runs.fan}?view=timeline`, sums: `/runs/${runs.fan}?view=graph`, compare: `/runs/${runs.fails}/compare?with=${runs.fan}` })) {
        await page.goto(at(address));
        await settled(page);
        await page.screenshot({ path: join(look, `large-${name}-${theme}-${String(width)}.png`), fullPage: true });
      }
      await page.evaluate(() => window.localStorage.removeItem("wingbeat.windowed-above"));
    }
  }
});
