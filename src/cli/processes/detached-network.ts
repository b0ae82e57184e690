import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CodedError } from '../../lib/coded-error.ts'
import { SYSTEM_CLOCK } from '../../main/system.ts'
import { PROGRAM_FILE } from '../built-files.ts'
import type { NetworkUp } from './network-line.ts'
import { NETWORK_UP } from './network-line.ts'

interface DetachedArguments {
  readonly home: string
  readonly validators: number
  readonly hosts: number
  readonly 'duty-ppm': number
  readonly reset: boolean
}

const POLL_MS = 200
const READY_LIMIT_MS = 300_000

/** The same command without a terminal, in a session of its own. @throws CodedError `child_failed`, `child_timeout` with where its output is */
export async function startDetached(args: DetachedArguments): Promise<NetworkUp> {
  const logs = join(args.home, 'logs')
  mkdirSync(logs, { recursive: true, mode: 0o700 })
  const file = join(logs, 'network-up.out')
  const output = openSync(file, 'w', 0o600)
  const words = ['network', 'up', '--home', args.home, '--json']
  const numbers = (['validators', 'hosts', 'duty-ppm'] as const).flatMap((name) => [`--${name}`, String(args[name])])
  const child = spawn(process.execPath, [PROGRAM_FILE, ...words, ...numbers, ...(args.reset ? ['--reset'] : [])], {
    detached: true,
    // No pipe of ours: the network outlives this process.
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  const { promise: failed, reject } = Promise.withResolvers<never>()
  failed.catch(() => undefined)
  child.once('error', (error) => reject(new CodedError('child_failed', `the network did not start: ${error.message}`)))
  child.once('exit', (code) =>
    reject(
      new CodedError('child_failed', `the network did not start (code ${code}): ${tailOf(file)}`, { fields: { file } }),
    ),
  )
  for (let waitedMs = 0; waitedMs < READY_LIMIT_MS; waitedMs += POLL_MS) {
    await Promise.race([SYSTEM_CLOCK.sleep(POLL_MS), failed])
    const up = readUp(file)
    if (up !== undefined) {
      child.unref()
      return up
    }
  }
  child.kill('SIGTERM')
  throw new CodedError('child_timeout', `the network was not ready after ${READY_LIMIT_MS / 1_000} s; see ${file}`)
}

function readUp(file: string): NetworkUp | undefined {
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    try {
      const parsed = NETWORK_UP.safeParse(JSON.parse(line))
      if (parsed.success) {
        return parsed.data
      }
    } catch {
      // A line for people, or half of one.
    }
  }
  return undefined
}

function tailOf(file: string): string {
  return readFileSync(file, 'utf8').trim().slice(-600)
}
