/** `npm run build`: installs what is missing, then builds the packages whose sources changed. */
import { ensureBuilt, ensureInstalled } from './lib/ensure.mjs'

ensureInstalled()
ensureBuilt()
