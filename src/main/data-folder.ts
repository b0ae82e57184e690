/** Where Tailrace keeps its data, per platform convention, and the lock that keeps a second instance out. */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CodedError } from '../lib/coded-error.ts'

/** $TAILRACE_HOME, else XDG data home, Application Support or %APPDATA%, then `tailrace`. */
export function defaultHome(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (env.TAILRACE_HOME !== undefined && env.TAILRACE_HOME !== '') {
    return env.TAILRACE_HOME
  }
  if (platform === 'win32') {
    return join(env.APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'Tailrace')
  }
  if (platform === 'darwin') {
    return join(homedir(), 'Library', 'Application Support', 'Tailrace')
  }
  return join(env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'tailrace')
}

export interface HomeLock {
  release(): void
}

/** @throws CodedError `already_running` (fields.pid) where a living process holds the folder. */
export function lockHome(home: string): HomeLock {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const file = join(home, 'lock')
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const descriptor = openSync(file, 'wx', 0o600)
      writeSync(descriptor, String(process.pid))
      closeSync(descriptor)
      return { release: () => rmSync(file, { force: true }) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw error
      }
      const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
      if (isAlive(pid)) {
        throw new CodedError('already_running', `Tailrace already runs on ${home} (process ${pid})`, {
          fields: { home, pid },
        })
      }
      rmSync(file, { force: true })
    }
  }
  throw new CodedError('already_running', `another Tailrace is starting on ${home}`, { fields: { home } })
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) {
    return false
  }
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
