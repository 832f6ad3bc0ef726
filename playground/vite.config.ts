import bpf from 'unplugin-bpf/vite'
import { defineConfig } from 'vite'

// A Node program: both entries are built for Node, packages stay imports.
export default defineConfig({
  plugins: [bpf()],
  build: {
    ssr: true,
    target: 'node20',
    outDir: 'dist',
    rollupOptions: { input: { main: 'src/main.ts', traffic: 'src/traffic.ts' } },
  },
})
