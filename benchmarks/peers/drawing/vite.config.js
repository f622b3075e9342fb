import { defineConfig } from "vite";

export default defineConfig({
  build: { target: "esnext", rollupOptions: { input: ["xyflow.html", "bpmn.html"] } },
});
