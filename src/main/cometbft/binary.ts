/** The CometBFT program that nodes run: where it is found, and that it is of the line this node speaks to. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CodedError } from '../../lib/coded-error.ts'

/** What `npm run cometbft` installs. */
export const COMETBFT_VERSION = '0.38.26'
/** ABCI 2.0 as it is spoken here is that of this line. */
const VERSION_LINE = /^v?(0\.38\.[0-9]+)\b/
export const COMETBFT_VARIABLE = 'TAILRACE_COMETBFT'
/** From the file that runs (a source under src/main/cometbft, or a chunk in dist/node) up to the folder of the project. */
const MOST_PARENTS = 4
const VERSION_TIMEOUT_MS = 10_000

export interface CometbftBinary {
  readonly path: string
  /** `0.38.26` */
  readonly version: string
}

const PROGRAM = process.platform === 'win32' ? 'cometbft.exe' : 'cometbft'

/** Where `npm run cometbft` puts it, under the folder of the project. */
export function cachedBinary(projectFolder: string): string {
  return join(projectFolder, '.cache', 'cometbft', `v${COMETBFT_VERSION}`, PROGRAM)
}

/**
 * The program that TAILRACE_COMETBFT names, else the one that `npm run cometbft` installed, else the one on PATH.
 * @throws CodedError `no_cometbft` with what to do, also where the one that is named or found is of another line
 */
export function findCometbft(env: NodeJS.ProcessEnv = process.env): CometbftBinary {
  const named = env[COMETBFT_VARIABLE]
  if (named !== undefined && named !== '') {
    return checked(named, `${COMETBFT_VARIABLE} names ${named}`)
  }
  const path = installedPaths(env).find(isExecutable)
  if (path === undefined) {
    throw noCometbft('there is no CometBFT on this machine')
  }
  return checked(path, `there is ${path}`)
}

function installedPaths({ PATH = '' }: NodeJS.ProcessEnv): string[] {
  const cached: string[] = []
  let folder = dirname(fileURLToPath(import.meta.url))
  for (let level = 0; level < MOST_PARENTS; level++) {
    cached.push(cachedBinary(folder))
    folder = dirname(folder)
  }
  const onPath = PATH.split(delimiter).filter((entry) => entry !== '')
  return [...cached, ...onPath.map((entry) => join(entry, PROGRAM))]
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // Not there, or not ours to run.
    return false
  }
}

function checked(path: string, found: string): CometbftBinary {
  const run = spawnSync(path, ['version'], { encoding: 'utf8', timeout: VERSION_TIMEOUT_MS })
  if (run.error !== undefined || run.status !== 0) {
    throw noCometbft(`${found}, which does not run`)
  }
  const said = run.stdout.trim()
  const version = VERSION_LINE.exec(said)?.[1]
  if (version === undefined) {
    throw noCometbft(`${found}, which is version ${said.slice(0, 40)} and not 0.38`)
  }
  return { path, version }
}

function noCometbft(what: string): CodedError {
  return new CodedError('no_cometbft', `CometBFT 0.38 is needed: ${what}`, { fields: { version: COMETBFT_VERSION } })
}
