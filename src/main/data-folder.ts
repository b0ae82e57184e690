/** Where Tailrace keeps its data, per platform convention, and the lock that keeps a second instance out. */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CodedError } from '../lib/coded-error.ts'

/** $TAILRACE_HOME, else XDG data home, Application Support or %APPDATA%, then `tailrace`. */
export function defaultHome(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  return namedHome(env) ?? platformFolder(env, platform, 'XDG_DATA_HOME', ['.local', 'share'])
}

/** The data of one network: the folder that a person named, else the local network's place under the default one. */
export function networkHome(named: string | undefined, env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  return named ?? join(defaultHome(env, platform), 'local-network')
}

/** $TAILRACE_HOME, else XDG config home, Application Support or %APPDATA%, then `tailrace`. */
export function configFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  return namedHome(env) ?? platformFolder(env, platform, 'XDG_CONFIG_HOME', ['.config'])
}

function namedHome({ TAILRACE_HOME }: NodeJS.ProcessEnv): string | undefined {
  return TAILRACE_HOME === undefined || TAILRACE_HOME === '' ? undefined : TAILRACE_HOME
}

function platformFolder(
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
  variable: 'XDG_DATA_HOME' | 'XDG_CONFIG_HOME',
  underHome: readonly string[],
): string {
  if (platform === 'win32') {
    return join(env.APPDATA || join(homedir(), 'AppData', 'Roaming'), 'Tailrace')
  }
  if (platform === 'darwin') {
    return join(homedir(), 'Library', 'Application Support', 'Tailrace')
  }
  const base = env[variable]
  // The XDG specification has relative paths ignored.
  return join(base?.startsWith('/') === true ? base : join(homedir(), ...underHome), 'tailrace')
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

/** The living process that holds the folder's lock; undefined where there is none. */
export function holderOf(home: string): number | undefined {
  const pid = lockedBy(home)
  return pid !== undefined && isAlive(pid) ? pid : undefined
}

/** The process that the lock names, living or dead; undefined where there is no lock, 0 where it names none. */
export function lockedBy(home: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(home, 'lock'), 'utf8'), 10)
    return Number.isInteger(pid) && pid > 0 ? pid : 0
  } catch {
    // No lock, or one that cannot be read, which `lockHome` reports when it matters.
    return undefined
  }
}

export function isAlive(pid: number): boolean {
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
