// Arrows: app -> features -> ui, api, lib; features never import each other; only api/ reads generated messages.
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const deny = (patterns) => ({ "no-restricted-imports": ["error", { patterns }] });
const above = (names) => ({ group: names.map((name) => `**/${name}/**`), message: "arrows go app -> features -> ui, api, lib" });
const generated = { group: ["**/gen/**", "@bufbuild/*", "@connectrpc/*"], message: "only api/ reads messages of the wire" };

export default tseslint.config(
  { ignores: ["dist", "src/gen", "node_modules", "test-results", "playwright-report"] },
  ...tseslint.configs.strict,
  {
    files: ["**/*.{ts,tsx}"],
    plugins: { "react-hooks": hooks },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-assertions": ["error", { assertionStyle: "never" }],
      "max-lines": ["error", { max: 300, skipBlankLines: true }],
      "no-restricted-globals": ["error", "fetch"],
    },
  },
  { files: ["src/lib/**"], rules: deny([above(["app", "features", "ui", "api"]), generated]) },
  { files: ["src/ui/**"], rules: deny([above(["app", "features", "api"]), generated]) },
  {
    files: ["src/api/**"],
    rules: { ...deny([above(["app", "features", "ui"])]), "@typescript-eslint/consistent-type-assertions": "off" },
  },
  {
    files: ["src/features/**"],
    rules: deny([above(["app"]), generated, { group: ["../../features/**", "../*/**", "!../../**"], message: "features never import each other" }]),
  },
  { files: ["src/app/**"], rules: deny([generated]) },
  { files: ["tests/**"], rules: { "no-restricted-globals": "off" } },
);
