/** What people link to, copy and look up: lines of logs, commands, the cache, what happened around an attempt. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import type { Locator, Page } from "@playwright/test";

import { accessible, ended, expect, header, lowered, test } from "./fixtures";

const run = promisify(execFile);

/** Puts a clipboard into the page that does not ask the system for permission. */
async function withClipboard(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const writeText = (text: string): Promise<void> => {
      Reflect.set(window, "copied", text);
      return Promise.resolve();
    };
    Object.defineProperty(navigator, "clipboard", { value: { writeText } });
  });
}

/** Copies with a button, and answers what was copied. */
async function copied(page: Page, button: Locator): Promise<string> {
  await page.evaluate(() => Reflect.deleteProperty(window, "copied"));
  await button.click();
  await page.waitForFunction(() => Reflect.has(window, "copied"));
  return page.evaluate(() => String(Reflect.get(window, "copied")));
}

test("a line of a log has an address that leads back to it", async ({ page, platform, at }) => {
  const { said } = await platform.seed("said");
  await page.goto(at(`/runs/${said}?tab=logs`));
  await ended(page, "Succeeded");
  await expect(page.getByText("The log is complete.")).toBeVisible({ timeout: 60_000 });
  await page.getByRole("searchbox", { name: "search the log" }).fill("line 0200");
  const entry = page.getByRole("log").locator(".entry").filter({ hasText: "line 0200" });
  await entry.getByRole("button", { name: /^address of line \d+/ }).click();
  await expect(page).toHaveURL(/[?&]line=\d+/);
  await page.reload();
  await expect(page.getByRole("log").locator(".entry.here")).toContainText("line 0200", { timeout: 60_000 });
  await expect(entry).toBeInViewport();
  // It stays there when everything has been read, and the end is one click away.
  await expect(page.getByText("The log is complete.")).toBeVisible({ timeout: 60_000 });
  await expect(entry).toBeInViewport();
  await page.getByRole("button", { name: "To the end" }).click();
  await expect(page.getByRole("log").locator(".entry").filter({ hasText: "line 0399" })).toBeInViewport();
});

test("groups, attempts, versions and queues have addresses, and commands that work", async ({ page, platform, runs, at }) => {
  await withClipboard(page);
  const env = { ...process.env, WINGBEAT_ENDPOINT: platform.url };
  const command = async (within: Locator, label = "Copy as CLI"): Promise<string> => {
    const [program, ...words] = (await copied(page, within.getByRole("button", { name: label }))).split(" ");
    expect(program).toBe("wingbeat");
    return (await run(platform.binary, words, { env })).stdout;
  };
  await page.goto(at(`/runs/${runs.fails}`));
  await ended(page, "Failed");
  await page.getByRole("combobox", { name: "group" }).selectOption("good ones");
  await expect(page).toHaveURL(/[?&]group=good\+ones/);
  await page.reload();
  const tree = page.getByRole("list", { name: "tree of actions" });
  await expect(tree.getByRole("button", { name: "square", exact: true })).toHaveCount(3);
  await expect(tree.getByRole("button", { name: "breaks", exact: true })).toHaveCount(0);
  const ofGroup = await copied(page, page.getByRole("region", { name: "actions" }).getByRole("button", { name: "Copy as CLI" }));
  expect(ofGroup).toBe(`wingbeat get action ${runs.fails} --group 'good ones' --project flytesnacks --domain development`);
  const { stdout: listed } = await run("sh", ["-c", ofGroup.replace("wingbeat", platform.binary)], { env });
  expect(listed.match(/good ones/g)).toHaveLength(3);
  expect(listed).not.toContain("breaks");
  await page.getByRole("region", { name: "root cause" }).getByRole("button", { name: "breaks" }).click();
  const panel = page.getByRole("tabpanel");
  const first = panel.locator(".attempt").filter({ hasText: "#1" });
  expect(await copied(page, first.getByRole("button", { name: "Copy as CLI" }))).toContain("--attempt 1 ");
  expect(await command(first)).toContain("about to divide by 0");
  await first.getByRole("link", { name: "Logs of attempt 1" }).click();
  await expect(page).toHaveURL(/attempt=1/);
  await expect(page).toHaveURL(/group=good\+ones/);
  await expect(page.getByRole("log")).toContainText("about to divide by 0");
  await page.goto(at("/tasks/console.quick?tab=versions"));
  expect(await copied(page, page.getByRole("row").filter({ hasText: "v1" }).getByRole("button", { name: "Copy as CLI" }))).toBe("flyte get task console.quick v1 --project flytesnacks --domain development");
  await page.getByRole("link", { name: "v1" }).click();
  await expect(page).toHaveURL(/\?version=v1$/);
  await run(platform.binary, ["queue", "set", "narrow", "--max-running", "2"], { env });
  await page.goto(`${platform.url}/v2/queues`);
  await expect(page.getByRole("link", { name: "narrow" })).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/queues\/narrow$/);
  expect(await command(page.locator(".heading"))).toContain("narrow");
  await run(platform.binary, ["queue", "delete", "narrow"], { env });
  await expect(page.getByRole("heading", { name: "There is no such queue" })).toBeVisible();
  await page.goto(`${platform.url}/v2`);
  expect(await command(page.locator(".card").filter({ hasText: "places taken on" }))).toContain("local");
});

test("a condition is answered by the command that its form copies", async ({ page, platform, at }) => {
  await withClipboard(page);
  const { wonders } = await platform.seed("wonders");
  await page.goto(at(`/runs/${wonders}`));
  for (const [name, answer] of [["name", "it's $HOME; a swift"], ["wings", "2"], ["ratio", "0.25"]] as const) {
    const question = page.getByRole("region", { name: `question ${name}` });
    await question.getByRole("textbox").fill(answer, { timeout: 60_000 });
    const text = await copied(page, question.getByRole("button", { name: "Copy as CLI" }));
    await run("sh", ["-c", text.replace(/^wingbeat /, `"$WINGBEAT" `)], { env: { ...process.env, WINGBEAT: platform.binary, WINGBEAT_ENDPOINT: platform.url } });
    await expect(question).toHaveCount(0);
  }
  await ended(page, "Succeeded");
  await expect(page.getByRole("tabpanel")).toContainText("it's $HOME; a swift");
});

test("what is copied as a command or as Python works", async ({ page, platform, runs, at }) => {
  await withClipboard(page);
  await page.goto(at(`/runs/${runs.fails}`));
  await ended(page, "Failed");
  await page.getByRole("region", { name: "root cause" }).getByRole("button", { name: "breaks" }).click();
  const panel = page.getByRole("region", { name: "action breaks" });
  const [heading, env] = [header(page), { ...process.env, WINGBEAT_ENDPOINT: platform.url }];
  const command = async (text: string): Promise<string> => {
    const [program, ...words] = text.split(" ");
    expect(program).toBe("wingbeat");
    return (await run(platform.binary, words, { env })).stdout;
  };
  expect(await command(await copied(page, heading.getByRole("button", { name: "Copy as CLI" })))).toContain(runs.fails);
  expect(await command(await copied(page, panel.getByRole("button", { name: "Copy as CLI" }).first()))).toContain("about to divide by 0");
  expect(await copied(page, panel.getByRole("button", { name: "Copy link" }))).toBe(page.url());
  await page.goto(at("/tasks/console.quick"));
  await expect(page.getByRole("tab", { name: "Versions" })).toBeVisible();
  expect(await command(await copied(page, page.getByRole("button", { name: "Copy as CLI" })))).toContain("v1");
  await page.goBack();
  const python = async (text: string): Promise<string> => {
    // One in twenty interpreters with this client aborts at its end, after all is done: its threads outlive the interpreter.
    const program = [`import os, flyte, flyte.remote`, `flyte.init(endpoint=${JSON.stringify(new URL(platform.url).host.replace("127.0.0.1", "localhost"))}, insecure=True, project="flytesnacks", domain="development")`, `print("name:", ${text}.name, flush=True)`, `os._exit(0)`];
    return (await run(platform.python, ["-c", program.join("\n")], { env: { ...env, NO_PROXY: "localhost,127.0.0.1", no_proxy: "localhost,127.0.0.1" } })).stdout;
  };
  expect(await python(await copied(page, heading.getByRole("button", { name: "Copy as Python" })))).toContain(`name: ${runs.fails}`);
  expect(await python(await copied(page, panel.getByRole("button", { name: "Copy as Python" })))).toContain(`name: ${new URL(page.url()).searchParams.get("i") ?? ""}`);
});

test("an action says what the cache did, and what happened around its attempts", async ({ page, platform, at }) => {
  const { recalls } = await platform.seed("recalls");
  await page.goto(at(`/runs/${recalls}`));
  await ended(page, "Succeeded");
  const tree = page.getByRole("list", { name: "tree of actions" });
  const [first, second] = [tree.getByRole("listitem").nth(1), tree.getByRole("listitem").nth(2)];
  await first.getByRole("button").click();
  const panel = page.getByRole("tabpanel");
  await expect(panel).toContainText("Cache miss: nothing was stored for these inputs and this code version. The result is stored now.");
  await panel.getByText("What happened around it").click();
  await expect(panel.locator("details[open] li").first()).toBeVisible();
  await expect(second).toContainText("cached");
  await second.getByRole("button").click();
  await expect(panel).toContainText("Cache hit: an earlier action with the same inputs and code version had this result, so nothing ran.");
  await accessible(page);
});

test("one action is aborted, and the task that waits for it hears of it", async ({ page, platform, at }) => {
  const { naps } = await platform.seed("naps");
  await page.goto(at(`/runs/${naps}`));
  await page.getByRole("list", { name: "tree of actions" }).getByRole("button", { name: "sleeps", exact: true }).click({ timeout: 120_000 });
  const panel = page.getByRole("region", { name: "action sleeps" });
  await expect(panel.locator("[data-phase]").first()).toHaveText("Running", { timeout: 60_000 });
  await panel.getByRole("button", { name: "Abort action" }).click();
  await page.getByRole("button", { name: "Abort the action" }).click();
  await expect(panel.locator("[data-phase]").first()).toHaveText("Aborted");
  await expect(panel).toContainText("aborted in the console");
  await ended(page, "Succeeded");
  await page.getByRole("list", { name: "tree of actions" }).getByRole("button", { name: "naps", exact: true }).click();
  await expect(page.getByRole("tabpanel")).toContainText("woken:");
});

test("where nothing is yet, a page says so and how it begins", async ({ page, platform }) => {
  const empty = `${platform.url}/v2/domain/staging/project/flytesnacks`;
  for (const [path, text] of [["/runs", "No runs in flytesnacks / staging yet"], ["/runs?by=task", "No task ran in the last 30 days"], ["/runs?phase=failed", "No run fits these filters"], ["/tasks", "No task is deployed here"]] as const) {
    await page.goto(`${empty}${path}`);
    await expect(page.getByRole("heading", { name: text }).or(page.getByText(text)).first()).toBeVisible();
    await accessible(page);
  }
});

test("a report is read on the whole screen", async ({ page, runs, at }) => {
  await page.goto(at(`/runs/${runs.reports}?tab=report`));
  await expect(page.frameLocator("iframe").getByRole("heading", { name: /parent/ })).toBeVisible();
  await page.getByRole("button", { name: "Full screen" }).click();
  await expect.poll(() => page.evaluate(() => document.fullscreenElement?.tagName)).toBe("IFRAME");
  await page.evaluate(() => document.exitFullscreen());
});

test("what a run caught does not hide what it ended with", async ({ page, platform, at }) => {
  const { masks } = await platform.seed("masks");
  const cause = page.getByRole("region", { name: "root cause" });
  for (const above of [5_000, 1]) {
    await lowered(page, above);
    await page.goto(at(`/runs/${masks}`));
    await ended(page, "Failed");
    await expect(cause).toContainText("integer division or modulo by zero");
    await expect(cause).toContainText("The run ended with: ValueError no such bird");
    await expect(cause).not.toContainText("caught");
  }
});

test("a failed run goes on where it stopped", async ({ page, runs, at }) => {
  await page.goto(at(`/runs/${runs.fails}`));
  await ended(page, "Failed");
  await page.getByRole("button", { name: "Run again" }).click();
  await page.getByRole("checkbox", { name: "Take over what has succeeded, run only the rest" }).check();
  await page.getByRole("dialog").getByRole("button", { name: "Run again" }).click();
  await expect(page.getByText("again from")).toBeVisible();
  await ended(page, "Failed");
  await expect(header(page).locator("..").getByTitle("3 recovered")).toBeVisible();
});

test("settings of a run are checked at their fields, and come along with its inputs", async ({ page, at }) => {
  await page.goto(at("/tasks/console.quick?tab=launch"));
  await page.getByRole("textbox", { name: "x whole number" }).fill("4");
  await page.getByText("Settings of the run").click();
  const [envs, start] = [page.getByRole("textbox", { name: "Environment variables" }), page.getByRole("button", { name: "Start the run" })];
  await envs.fill("GREETING");
  await start.click();
  await expect(envs).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByRole("alert")).toContainText('"GREETING" is no variable');
  await accessible(page);
  await envs.fill("GREETING=good=morning\nOTHER= 2");
  await page.getByRole("textbox", { name: "Actions at once" }).fill("3");
  await page.getByRole("textbox", { name: "Queue" }).fill("no-such-queue");
  await start.click();
  await expect(page.getByRole("alert")).toContainText("no-such-queue");
  await page.getByRole("textbox", { name: "Queue" }).fill("default");
  await start.click();
  await ended(page, "Succeeded");
  await page.getByRole("link", { name: "With other inputs" }).click();
  await page.getByText("Settings of the run").click();
  await expect(envs).toHaveValue("GREETING=good=morning\nOTHER= 2");
  await expect(page.getByRole("textbox", { name: "Actions at once" })).toHaveValue("3");
  await expect(page.getByRole("textbox", { name: "Queue" })).toHaveValue("default");
});
