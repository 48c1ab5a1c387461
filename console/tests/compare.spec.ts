/** Two runs side by side, when one of them is large. */
import { accessible, calls, ended, expect, fits, lowered, test } from "./fixtures";

test("two runs of which one is large are compared by sums", async ({ page, runs, at }) => {
  await lowered(page, 10);
  await page.addInitScript(() => Reflect.deleteProperty(window, "SharedWorker"));
  for (const [run, phase] of [[runs.fan, "Succeeded"], [runs.fails, "Failed"]] as const) {
    await page.goto(at(`/runs/${run}`));
    await ended(page, phase);
  }
  const made = calls(page);
  await page.goto(at(`/runs/${runs.fan}/compare`));
  await expect(page.getByText(/Compare .* with another run of|This task has no other run/)).toBeVisible();
  expect(made).toContain("ListRuns");
  // What the pages before it asked for has been noted by now.
  made.length = 0;
  await page.goto(at(`/runs/${runs.fails}/compare?with=${runs.fan}`));
  const actions = page.getByRole("region", { name: "Actions" });
  const squares = actions.getByRole("row", { name: "console.square" });
  await expect(squares.getByRole("cell").nth(1)).toHaveText("3");
  await expect(squares.getByRole("cell").nth(2)).toHaveText("22");
  await expect(actions.getByRole("row", { name: "console.breaks" }).getByRole("cell").nth(2)).toHaveText("none");
  await expect(page.getByRole("region", { name: "Root cause" })).toContainText("division");
  await expect(page.getByRole("region", { name: "Inputs" }).getByRole("row", { name: "width" })).toContainText("3");
  // A sample of the actions gives their duration.
  await expect(squares.getByRole("cell").nth(3)).toHaveText(/\d (ms|s)/);
  await expect(squares.getByRole("cell").nth(4)).toHaveText(/\d (ms|s)/);
  await expect(page.getByText("Runs of this size are compared by sums.")).toBeVisible();
  await accessible(page);
  await fits(page);
  expect(made).not.toContain("watch actions");
  // A million against a million, which no test has time to make; the sums are all that is asked for.
  await page.route("**/wingbeat.platform.v1.RunViewService/GetRunCounts", async (route) => {
    const { runId, limit }: { runId: { name: string }; limit: number } = route.request().postDataJSON();
    const failed = runId.name === runs.fan ? 17 : 0;
    const phases = [{ phase: 5, count: String(1_000_000 - failed) }, { phase: 6, count: String(failed) }];
    const same = { name: "console.same", total: "9", phases: [{ phase: 5, count: "9" }] };
    await route.fulfill({ json: { all: { total: "1000000", phases }, tasks: [{ name: "console.square", total: "1000000", phases }, same].slice(0, limit), nTasks: "1200" } });
  });
  await page.reload();
  await expect(squares.getByRole("cell").nth(1)).toHaveText("1,000,000");
  await expect(squares.getByRole("cell").nth(2)).toContainText("999,983");
  await expect(actions).toContainText("The actions of 1 other task did the same in about the same time.");
  await expect(page.getByText("Only tasks that are among the 1,000 largest of both runs are compared.")).toBeVisible();
});
