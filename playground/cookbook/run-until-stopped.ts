import { once } from 'node:events'

/** Says that the programs are at work, and waits for Ctrl-C or `kill`; `tick` is called every second. */
export async function runUntilStopped(tick: () => void = () => {}): Promise<void> {
  const timer = setInterval(tick, 1000)
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  console.log('ready')
  await stopped
  clearInterval(timer)
}
