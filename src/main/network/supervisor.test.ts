import { afterEach, expect, test } from 'vitest'
import { waitFor } from '../../../test/support/wait-for.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { SYSTEM_CLOCK } from '../system.ts'
import type { SupervisedChild } from './supervisor.ts'
import { superviseChild } from './supervisor.ts'

const children: SupervisedChild[] = []
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop()))
})

/** A child that says it is ready and then lives until stdin ends. */
const LIVING = `console.log(JSON.stringify({event:'ready',role:'node',rpc:'http://127.0.0.1:1'}));process.stdin.resume();process.stdin.on('end',()=>process.exit(0))`

function start(script: string): SupervisedChild {
  const child = superviseChild(
    { name: 'child', command: process.execPath, args: ['-e', script] },
    { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER },
  )
  children.push(child)
  return child
}

test('a killed child is started again', async () => {
  const child = start(LIVING)
  await child.ready
  const { pid } = child.status()
  expect(pid).toBeTypeOf('number')
  process.kill(pid ?? 0, 'SIGKILL')
  await waitFor('the restart', () => child.status().restarts === 1 && child.status().running)
  expect(child.status().pid).not.toBe(pid)
})

test('a child that never gets ready is an error, not a loop', async () => {
  const child = start('process.exit(3)')
  await expect(child.ready).rejects.toMatchObject({ code: 'child_failed' })
  expect(child.status().restarts).toBe(0)
})

test('stop ends the child', async () => {
  const child = start(LIVING)
  await child.ready
  await child.stop()
  expect(child.status().running).toBe(false)
})
