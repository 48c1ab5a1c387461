/** What all tests share: one platform with runs of the stock SDK, and a page that must not complain. */
import AxeBuilder from "@axe-core/playwright";
import { test as base, expect, type Locator, type Page } from "@playwright/test";

import { Platform } from "./platform";

const HOME = "/v2/domain/development/project/flytesnacks";
const SEEDS = ["fails", "asks", "reports", "types", "files", "fan", "odd"] as const;

interface Shared {
  readonly platform: Platform;
  /** Names of the runs that are there from the beginning. */
  readonly runs: Record<(typeof SEEDS)[number], string>;
}

interface Each {
  readonly quiet: undefined;
  /** The address of a page of the project. */
  readonly at: (path: string) => string;
}

export const test = base.extend<Each, Shared>({
  // One for all files: a worker keeps it until its last test.
  platform: [
    async ({}, give) => {
      const platform = await new Platform().start();
      await platform.seed("deploy");
      await give(platform);
      await platform.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  runs: [async ({ platform }, give) => give(await platform.seed(...SEEDS)), { scope: "worker", timeout: 180_000 }],
  at: async ({ platform }, give) => give((path) => `${platform.url}${HOME}${path}`),
  quiet: [
    async ({ page }, give) => {
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        // A policy that refuses something, or a rule of React that is broken, is a fault; a server that is away is not.
        if (message.type() === "error" && !/Failed to load resource/.test(message.text())) complaints.push(message.text());
      });
      await give(undefined);
      expect(complaints).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

export const row = (page: Page, run: string): Locator => page.locator(`[data-run="${run}"]`);
export const header = (page: Page): Locator => page.locator(".heading").first();

export async function accessible(page: Page): Promise<void> {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]).exclude("iframe").analyze();
  expect(found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target.join(" ")} ${node.failureSummary ?? ""}`).join("; ")}`)).toEqual([]);
}

/** Nothing sticks out of the page to the side. */
export async function fits(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
}

/** Waits for the end of a run on its page. */
export async function ended(page: Page, phase: string): Promise<void> {
  await expect(header(page).locator("[data-phase]")).toHaveText(phase, { timeout: 120_000 });
}

/** Runs with more actions than this are read in windows. */
export async function lowered(page: Page, above: number): Promise<void> {
  await page.addInitScript((most) => window.localStorage.setItem("wingbeat.windowed-above", String(most)), above);
}

/** Notes calls of the page by the last part of their addresses; a watch by what it watches. */
export function calls(page: Page): string[] {
  const made: string[] = [];
  page.on("request", (request) => {
    const call = new URL(request.url()).pathname.split("/").at(-1) ?? "";
    made.push(call);
    if (call !== "WatchMany") return;
    // One message in an envelope of five bytes.
    const asked: { subscriptions: object[] } = JSON.parse((request.postDataBuffer() ?? Buffer.alloc(0)).subarray(5).toString());
    for (const one of asked.subscriptions) made.push(...Object.keys(one).map((what) => `watch ${what}`));
  });
  return made;
}
