/**
 * What a person waits for on the page of a large run: a run of the simulated executor, opened in Chromium.
 *
 *     node bench/console.mjs [--actions 100000] [--url http://localhost:8080 --run NAME]
 *
 * Without `--url` it starts a platform of its own in a temporary folder and fills it with the load program. Prints one
 * JSON object a line, like the other benchmarks. WINGBEAT_BIN, WINGBEAT_LOAD and CHROMIUM name other programs.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { chromium } from "../console/node_modules/@playwright/test/index.mjs";

const root = resolve(import.meta.dirname, "..");
const binary = process.env.WINGBEAT_BIN ?? join(root, "target/release/wingbeat");
const load = process.env.WINGBEAT_LOAD ?? join(root, "target/release/examples/load");
const { values: given } = parseArgs({ options: { actions: { type: "string", default: "100000" }, url: { type: "string" }, run: { type: "string" } } });

/** Starts a platform, and answers its address and how it is stopped. */
async function platform() {
  const folder = mkdtempSync(join(tmpdir(), "wingbeat-bench-console-"));
  const server = spawn(binary, ["up", "--executor", "simulated", "--data", join(folder, "data"), "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  const url = await new Promise((found, failed) => {
    let said = "";
    server.stdout.on("data", (chunk) => {
      said += chunk;
      const address = /ready at (http:\/\/\S+)/.exec(said)?.[1];
      if (address !== undefined) found(address);
    });
    server.on("error", failed);
    server.on("exit", (code) => failed(new Error(`wingbeat ended with ${code}: ${said}`)));
  });
  const stop = async () => {
    const gone = new Promise((done) => server.once("exit", done));
    server.kill("SIGTERM");
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, stop };
}

async function call(url, method, body) {
  const answer = await fetch(`${url}/${method}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const SCOPE = { name: "flytesnacks", domain: "development" };

/** The largest of the newest runs. */
async function largest(url) {
  const { runs = [] } = await call(url, "flyteidl2.workflow.RunService/ListRuns", { request: { limit: 20 }, projectId: SCOPE });
  const sized = await Promise.all(
    runs.map(async ({ action }) => {
      const name = action.id.run.name;
      const { all } = await call(url, "wingbeat.platform.v1.RunViewService/GetRunCounts", { runId: { project: SCOPE.name, domain: SCOPE.domain, name }, limit: 1 });
      return { name, total: Number(all?.total ?? 0) };
    }),
  );
  return sized.reduce((left, right) => (right.total > left.total ? right : left));
}

async function measure(url, { name, total }) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--enable-precise-memory-info"] });
  const print = (measured, value, unit) => console.log(JSON.stringify({ bench: "console", measure: measured, value: Math.round(value), unit, settings: { actions: total } }));
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.addInitScript(() => {
      window.slowest = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.slowest = Math.max(window.slowest, entry.duration);
      }).observe({ type: "event", durationThreshold: 16 });
    });
    const address = `${url}/v2/domain/${SCOPE.domain}/project/${SCOPE.name}/runs/${name}`;
    // The first visit fills the caches of the server and of the browser; the second is measured.
    for (const visit of ["cold", "warm"]) {
      await page.goto(address);
      await page.locator("[data-action]").nth(5).waitFor({ timeout: 120_000 });
      const [painted, rows] = await page.evaluate(() => [performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0, performance.now()]);
      print(`first paint, ${visit}`, painted, "ms");
      print(`rows shown, ${visit}`, rows, "ms");
    }
    const box = page.locator(".scroller.tree");
    const jumps = [];
    for (const share of [1, 0.5, 0.25, 0.75]) {
      const before = performance.now();
      await box.evaluate((at, part) => at.scrollTo({ top: part * at.scrollHeight }), share);
      await page.locator("[data-action]").first().waitFor();
      await page.waitForFunction(() => document.querySelector("[data-waiting]") === null);
      jumps.push(performance.now() - before);
    }
    print("jump to another part of the tree, longest of 4", Math.max(...jumps), "ms");
    const addressed = [];
    for (const share of [0.5, 0.99]) {
      const asked = { runId: { project: SCOPE.name, domain: SCOPE.domain, name }, parent: "a0", offset: String(Math.floor(total * share)), limit: 1 };
      const { rows } = await call(url, "wingbeat.platform.v1.RunViewService/ListWindow", asked);
      const action = rows?.[0]?.action?.id?.name;
      if (action === undefined) throw new Error("the run's root has no such child");
      await page.goto(`${address}?i=${action}`);
      await page.locator(`[data-action="${action}"] [aria-current=true]`).waitFor({ timeout: 120_000 });
      addressed.push(await page.evaluate(() => performance.now()));
    }
    print("address of an action shown in the tree, longest of 2", Math.max(...addressed), "ms");
    await page.goto(`${address}/compare?with=${name}`);
    await page.getByRole("region", { name: "Actions" }).waitFor({ timeout: 120_000 });
    print("comparison of two runs", await page.evaluate(() => performance.now()), "ms");
    await page.goto(address);
    await page.locator("[data-action]").nth(5).waitFor({ timeout: 120_000 });
    for (let press = 0; press < 20; press += 1) await page.keyboard.press("j");
    for (const view of ["Timeline", "Tree"]) await page.getByRole("tab", { name: view }).click();
    await page.locator("[data-action]").nth(5).waitFor();
    print("interaction to next paint, slowest", await page.evaluate(() => window.slowest), "ms");
    const session = await page.context().newCDPSession(page);
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    print("memory of scripts", usedSize / 1024, "KiB");
  } finally {
    await browser.close();
  }
}

const own = given.url === undefined ? await platform() : undefined;
const url = own?.url ?? given.url;
try {
  if (own !== undefined) execFileSync(load, ["--endpoint", url, "fan-out", "--children", given.actions], { stdio: ["ignore", "ignore", "inherit"] });
  const run = given.run === undefined ? await largest(url) : { name: given.run, total: Number(given.actions) };
  await measure(url, run);
} finally {
  await own?.stop();
}
