/** Inputs that are files of the person's machine. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { accessible, ended, expect, fits, test } from "./fixtures";

const PUTS = /\/blob\/v1\//;

test("files, folders and data frames are sent to the store, and a run reads them", async ({ page, runs, at }, info) => {
  const local = info.outputPath("birds");
  mkdirSync(join(local, "deep", "er"), { recursive: true });
  writeFileSync(join(local, "a note.txt"), "a note");
  writeFileSync(join(local, "deep", "er", "a note.txt"), "another note");
  const single = info.outputPath("größe.txt");
  writeFileSync(single, "a swift");
  // A real data frame: the one that a run made.
  await page.goto(at(`/runs/${runs.files}`));
  await ended(page, "Succeeded");
  await page.getByRole("tabpanel").getByRole("button", { name: "Show its files" }).last().click();
  const saved = page.waitForEvent("download");
  await page.getByRole("list", { name: "files" }).getByRole("button", { name: /^Download / }).first().click();
  const frame = info.outputPath("frame.parquet");
  writeFileSync(frame, readFileSync(await (await saved).path()));

  await page.goto(at("/tasks/console.reads?tab=launch"));
  await page.getByRole("button", { name: "Start the run" }).click();
  await expect(page.getByRole("alert").first()).toBeVisible();
  const choosing = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Choose a file for file" }).click();
  await (await choosing).setFiles(single);
  await expect(page.getByText("größe.txt, 7 bytes: in the platform's store now.")).toBeVisible();
  await expect(page.getByRole("textbox", { name: "file address of a file" })).toHaveValue(/\/uploads\/.*gr/);
  await page.locator("[data-chooser=folder]").setInputFiles(local);
  await expect(page.getByText(/^2 files, 18 bytes/)).toBeVisible();
  await page.locator("[data-chooser=frame]").setInputFiles(frame);
  await expect(page.getByText(/^frame\.parquet, /)).toBeVisible();
  await accessible(page);
  await page.setViewportSize({ width: 390, height: 900 });
  await fits(page);
  await page.getByRole("button", { name: "Start the run" }).click();
  await ended(page, "Succeeded");
  const panel = page.getByRole("tabpanel");
  for (const text of ["a swift", "a note.txt: a note", "deep/er/a note.txt: another note", "100 rows, 4950 wings"]) await expect(panel).toContainText(text);
});

test("what is sent can be watched and stopped, and what was not taken says why", async ({ page, at }) => {
  await page.goto(at("/tasks/console.reads?tab=launch"));
  const [field, start] = [page.getByRole("textbox", { name: "file address of a file" }), page.getByRole("button", { name: /Start the run|Sending files/ })];
  const chooser = page.locator("[data-chooser=file]");
  const file = (name: string) => ({ name, mimeType: "text/plain", buffer: Buffer.from("a swift") });
  const held: { go: () => void }[] = [];
  await page.route((url) => PUTS.test(url.href), async (route) => {
    if (route.request().method() !== "PUT") return route.fallback();
    await new Promise<void>((go) => held.push({ go }));
    await route.abort();
  });
  await chooser.setInputFiles(file("one.txt"));
  await expect(page.getByRole("progressbar", { name: "sending file" })).toBeVisible();
  await expect(start).toBeDisabled();
  await page.getByRole("button", { name: "Stop sending file" }).click();
  await expect(page.getByRole("progressbar")).toHaveCount(0);
  await expect(start).toBeEnabled();
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(field).toHaveValue("");

  await chooser.setInputFiles(file("stream.txt"));
  await expect.poll(() => held.length).toBe(2);
  for (const one of held) one.go();
  await expect(page.getByRole("alert")).toHaveText("The connection broke while stream.txt was sent. Choose it again to send it again.");
  await page.unrouteAll();
  await page.route((url) => PUTS.test(url.href), (route) => (route.request().method() === "PUT" ? route.fulfill({ status: 507, body: "the disk is full" }) : route.fallback()));
  await chooser.setInputFiles(file("stream.txt"));
  await expect(page.getByRole("alert")).toHaveText("The server did not take stream.txt: the disk is full");
  await accessible(page);

  // A server that signs for another address than that of the page.
  await page.unrouteAll();
  await page.route("**/flyteidl2.dataproxy.DataProxyService/CreateUploadLocation", async (route) => {
    const answer = await route.fetch();
    const body: { signedUrl: string } = await answer.json();
    await route.fulfill({ response: answer, json: { ...body, signedUrl: body.signedUrl.replace("127.0.0.1", "store.example") } });
  });
  await chooser.setInputFiles(file("one.txt"));
  await expect(page.getByRole("alert")).toContainText("The server takes files at http://store.example");
  await page.unrouteAll();
  await chooser.setInputFiles(file("one.txt"));
  await expect(page.getByText("one.txt, 7 bytes: in the platform's store now.")).toBeVisible();
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(field).toHaveValue(/one\.txt$/);
  await field.fill("");
  await expect(page.getByText("in the platform's store now")).toBeHidden();
});
