import bpf from 'unplugin-bpf/vite'
import { defineConfig } from 'vite'

const root = import.meta.dirname

// Every recipe is a Node program of its own: cookbook/NAME.ts becomes dist/cookbook/NAME.js.
export default defineConfig({
  root,
  plugins: [bpf()],
  build: {
    ssr: true,
    target: 'node20',
    outDir: '../dist/cookbook',
    emptyOutDir: true,
    rollupOptions: {
      input: Object.fromEntries(
        ['event-logger', 'exec-tracer', 'tail-calls', 'cgroup-counter', 'firewall'].map((name) => [
          name,
          `${root}/${name}.ts`,
        ]),
      ),
    },
  },
})
