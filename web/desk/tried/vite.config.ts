// Decides how the page in which a form is tried is built: by itself, so that it has the tablet's styles and none of the desk's. After the desk.

import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "/desk/tried/",
  define: { __VUE_OPTIONS_API__: "false" },
  build: { outDir: here("../../../server/apps/desk/tried"), emptyOutDir: true, cssCodeSplit: false, target: "chrome111", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  plugins: [vue()],
});
