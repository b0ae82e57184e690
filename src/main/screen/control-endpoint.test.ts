import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createScreenHost } from '../../../test/support/screen/screen-host.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { connectControl } from '../../cli/control-client.ts'
import { snapshotOf } from '../../cli/with-control.ts'
import { errorCode } from '../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { SYSTEM_RNG } from '../system.ts'
import { CONTROL_PATH } from './control-endpoint.ts'
import {
  askRunningInstance,
  linkOfRunningInstance,
  readRunningInstance,
  removeRunningInstance,
  writeRunningInstance,
} from './running-instance.ts'
import type { ScreenServer } from './screen-server.ts'
import { startScreenServer } from './screen-server.ts'

const CONTROL = '5c'.repeat(32)
let home: string
let server: ScreenServer
let stops = 0

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'tailrace-control-'))
  stops = 0
  server = await startScreenServer(
    { logger: SILENT_LOGGER, rng: SYSTEM_RNG, router: createScreenHost().router },
    {
      modelsFolder: home,
      port: 0,
      control: CONTROL,
      actions: {
        stop: () => {
          stops += 1
        },
      },
    },
  )
  const screen = `http://127.0.0.1:${server.port}`
  writeRunningInstance(home, {
    pid: process.pid,
    control: CONTROL,
    rpc: screen,
    screen,
    p2p: [],
    openai: '',
    apiKey: '',
  })
})

afterEach(async () => {
  await server.stop()
  rmSync(home, { recursive: true, force: true })
})

test('whoever can read the private file gets a session and with it the contract', async () => {
  const control = await connectControl(home)
  expect((await snapshotOf(control)).phase).toBe('idle')
  expect(await control.client.host.join()).toEqual({ outcome: 'accepted' })
  control.close()
})

test('a link and the end of the instance are asked for at the same place', async () => {
  expect((await linkOfRunningInstance(home))?.link).toContain('#token=')
  const instance = readRunningInstance(home)
  expect(instance && (await askRunningInstance(instance, 'stop'))).toEqual({ pid: process.pid })
  await waitFor('the stop', () => stops === 1)
})

test.each([
  ['another secret', { control: 'ab'.repeat(32), ask: 'session' }, {}],
  ['no secret', { ask: 'session' }, {}],
  ['an unknown question', { control: CONTROL, ask: 'keys' }, {}],
  ['a browser, which names its origin', { control: CONTROL, ask: 'session' }, { origin: 'http://127.0.0.1' }],
])('%s is refused', async (_what, body, headers) => {
  const response = await fetch(`http://127.0.0.1:${server.port}${CONTROL_PATH}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  })
  expect([response.status, await response.json()]).toEqual([403, { code: 'control_refused' }])
})

test('without an instance: not running; with a lock and no answer: not answering', async () => {
  const codeOf = async (): Promise<string> => {
    try {
      ;(await connectControl(home)).close()
      return 'connected'
    } catch (error) {
      return errorCode(error)
    }
  }
  await server.stop()
  expect(await codeOf()).toBe('not_running')
  removeRunningInstance(home)
  expect(await codeOf()).toBe('not_running')
  writeFileSync(join(home, 'lock'), String(process.ppid))
  expect(await codeOf()).toBe('not_answering')
})
