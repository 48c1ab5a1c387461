/** Files, folders and data frames in the data of an action. */
import { readFileSync } from "node:fs";

import { accessible, ended, expect, test } from "./fixtures";

test("files are saved and looked at, data frames show their first rows", async ({ page, runs, at }) => {
  await page.goto(at(`/runs/${runs.files}`));
  await ended(page, "Succeeded");
  const panel = page.getByRole("tabpanel");
  const rows = panel.getByRole("group", { name: "first rows" });
  await expect(rows.getByRole("row")).toHaveCount(21);
  await expect(rows).toContainText("bird 19");
  await expect(rows).toContainText("2026-01-31T12:00:00.000Z");
  await expect(panel).toContainText("100 rows");
  await panel.getByRole("button", { name: "Show bird.svg" }).click();
  await expect(panel.getByRole("img", { name: "bird.svg" })).toHaveJSProperty("naturalWidth", 80);
  const saved = page.waitForEvent("download");
  await panel.getByRole("button", { name: "Download bird.svg" }).click();
  expect((await saved).suggestedFilename()).toBe("bird.svg");
  await panel.getByRole("button", { name: "Show its files" }).first().click();
  const files = panel.getByRole("list", { name: "files" });
  await expect(files.getByRole("listitem")).toHaveCount(2);
  await expect(files).toContainText("deep/data.bin");
  await expect(files).toContainText("256 bytes");
  await files.getByRole("button", { name: "Show a note.txt" }).click();
  await expect(files.locator("pre")).toHaveText("a note <b>in</b> a folder");
  const deep = page.waitForEvent("download");
  await files.getByRole("button", { name: "Download data.bin" }).click();
  expect(readFileSync(await (await deep).path())).toHaveLength(256);
  await accessible(page);
});

test("nothing is read but what stands in the action's data", async ({ platform, runs, page, request, at }) => {
  await page.goto(at(`/runs/${runs.files}`));
  await ended(page, "Succeeded");
  const uri = (await page.getByRole("tabpanel").locator("code").filter({ hasText: "bird.svg" }).first().textContent()) ?? "";
  const ask = async (data: object): Promise<readonly [number, string]> => {
    const id = { run: { project: "flytesnacks", domain: "development", name: runs.files }, name: "a0" };
    const answer = await request.post(`${platform.url}/wingbeat.platform.v1.FilesService/CreateFileLink`, { data: { actionId: id, ...data } });
    return [answer.status(), await answer.text()];
  };
  const [status, good] = await ask({ uri });
  expect(status, good).toBe(200);
  const file = await request.get(JSON.parse(good).signedUrl);
  expect(file.headers()["content-disposition"]).toContain("attachment");
  expect(file.headers()["content-security-policy"]).toContain("sandbox");
  for (const bad of [{ uri: uri.replace("bird.svg", "other.svg") }, { uri: "/etc/passwd" }, { uri: `${uri}/..` }, { uri: "" }]) expect((await ask(bad))[0]).toBe(404);
  for (const path of ["../../x", "..", "/etc/passwd"]) expect((await ask({ uri, path }))[0]).toBe(400);
});
