/** Pictures for the README and for looking at before a release: `npm run pictures`. They test nothing. */
import { defineConfig } from "@playwright/test";

import tests from "./playwright.config";

export default defineConfig({ ...tests, testMatch: "pictures.ts", timeout: 900_000 });
