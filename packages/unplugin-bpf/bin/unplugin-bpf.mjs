#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { cachedLoader } from './load-cached.mjs'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const folder = fileURLToPath(new URL('../dist/cli', import.meta.url))
const { load, keep } = cachedLoader(folder, version)
process.exitCode = await load(`${folder}/main.cjs`).main(process.argv.slice(2))
keep()
