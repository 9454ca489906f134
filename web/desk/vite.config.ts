// Decides how the review desk is built: into server/apps/desk, which the server serves at /desk and the wheel ships.

import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "/desk/",
  define: { __VUE_OPTIONS_API__: "false" },
  build: { outDir: here("../../server/apps/desk"), emptyOutDir: true, cssCodeSplit: false, target: "chrome111", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  plugins: [vue()],
});
