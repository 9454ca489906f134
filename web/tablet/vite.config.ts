// Decides how the tablet app is built: into server/apps/tablet, which the server serves and the wheel ships.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";
import type { Plugin } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "./",
  define: {
    __VERSION__: JSON.stringify(/^version = "(.*)"$/m.exec(readFileSync(here("../../pyproject.toml"), "utf8"))![1]),
    // PouchDB asks for Node's `global`.
    global: "globalThis",
    __VUE_OPTIONS_API__: "false",
  },
  // The oldest Chromium that has what the app stands on; public/oldest.js says so to an older one.
  build: { outDir: here("../../server/apps/tablet"), emptyOutDir: true, cssCodeSplit: false, target: "chrome111", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  plugins: [vue(), offline()],
});

/** Writes the service worker, which holds the list of all files and a version that follows from what they say. */
function offline(): Plugin {
  return {
    name: "offline",
    apply: "build",
    enforce: "post",
    generateBundle(_options, bundle) {
      const version = createHash("sha256");
      for (const file of Object.values(bundle)) version.update(file.fileName).update(file.type === "chunk" ? file.code : file.source);
      const fixed = readdirSync(here("public"));
      for (const name of fixed) version.update(readFileSync(here(`public/${name}`)));
      const files = [...new Set([...Object.keys(bundle), ...fixed])].sort();
      const head = `const FILES = ${JSON.stringify(files)};\nconst VERSION = "${version.digest("hex").slice(0, 16)}";\n`;
      this.emitFile({ type: "asset", fileName: "sw.js", source: head + readFileSync(here("offline/worker.js"), "utf8") });
    },
  };
}
