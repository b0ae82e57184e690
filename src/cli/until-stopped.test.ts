import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const MODULE = fileURLToPath(new URL('./until-stopped.ts', import.meta.url))

/** A child that is told of its parent's end and does not get to its own: still starting, or stopping for ever. */
const BUSY_CHILD = `
  const { untilStopped } = await import(${JSON.stringify(MODULE)})
  void untilStopped({ withParent: true, limitMs: 50 })
  setInterval(() => undefined, 1_000)
  process.stdout.write('waiting')
`

test('a child whose parent is gone ends, also where its own stop does not', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', BUSY_CHILD], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  const exit = once(child, 'exit')
  // The pipe closes, as when the parent dies in any way.
  child.stdin.destroy()
  expect(await exit).toEqual([1, null])
})

test('a process that has /dev/null as its stdin, as a service has, goes on', async () => {
  const service = `
    const { untilStopped } = await import(${JSON.stringify(MODULE)})
    void untilStopped({ withParent: true, limitMs: 50 }).then((reason) => { console.log(reason); process.exit(0) })
    setInterval(() => undefined, 1_000)
    setTimeout(() => process.kill(process.pid, 'SIGTERM'), 300)
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', service], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [said] = await once(child.stdout, 'data')
  expect(String(said)).toBe('SIGTERM\n')
})
