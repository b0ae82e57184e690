/** The program, memory, browser, graphics cards, ports and model files of this computer. */
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs'
import { freemem, totalmem } from 'node:os'
import { delimiter, join } from 'node:path'
import { z } from 'zod'
import type { Finding } from '../../ipc/wires/machine-wire.ts'
import { tryPort } from '../network/free-port.ts'
import { readPrivateJson } from '../private-file.ts'
import { ok, problem, skipped, warning } from './check.ts'

/** The first with SQLite built in and not behind a flag. */
const LEAST_NODE = [22, 13] as const
const LITTLE_MEMORY_BYTES = 1024 * 1024 * 1024

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [leastMajor, leastMinor] = LEAST_NODE
  const fields = { version, least: LEAST_NODE.join('.') }
  return major > leastMajor || (major === leastMajor && minor >= leastMinor)
    ? ok('node_version', fields)
    : problem('node_version', fields)
}

export function checkMemory(): Finding {
  const fields = { availableBytes: availableBytes(), totalBytes: totalmem() }
  return fields.availableBytes < LITTLE_MEMORY_BYTES ? warning('memory', fields) : ok('memory', fields)
}

/** A page in a Chromium-family browser lends the GPU; the desktop application brings its own. */
export function checkBrowser(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Finding {
  const named = env.TAILRACE_BROWSER
  if (named !== undefined && named !== '') {
    return isExecutable(named)
      ? ok('browser', { path: named, reason: 'ok' })
      : problem('browser', { path: named, reason: 'named_wrong' })
  }
  const path = browserPlaces(platform, env).find(isExecutable)
  return path === undefined ? warning('browser', { path: '', reason: 'absent' }) : ok('browser', { path, reason: 'ok' })
}

/** What the system lists, without any driver's help; the running application reads more (main/machine). */
export function checkGraphics(platform: NodeJS.Platform): Finding {
  if (platform !== 'linux') {
    return skipped('graphics', { reason: 'not_told' })
  }
  const cards = readdirSync('/sys/class/drm').filter((name) => /^card[0-9]+$/.test(name))
  const names = cards.flatMap((card) => vendorOf(card))
  return names.length === 0
    ? warning('graphics', { name: '', count: 0 })
    : ok('graphics', { name: names.join(', '), count: names.length })
}

const PORTS_FILE = z.looseObject({
  rpcPort: z.int(),
  appP2pPort: z.int(),
  companionP2pPorts: z.array(z.int()).max(8),
  gatewayPort: z.int().optional(),
  gatewayP2pPort: z.int().optional(),
})

/** Of a network that does not run: a port that another program has is replaced at the start, and links to it change. */
export async function checkPorts(home: string, screenPort: number): Promise<Finding> {
  const stored = readPrivateJson(join(home, 'network.json'), PORTS_FILE)
  const ports = [
    screenPort,
    ...(stored === undefined
      ? []
      : [stored.rpcPort, stored.appP2pPort, ...stored.companionP2pPorts, stored.gatewayPort, stored.gatewayP2pPort]),
  ].filter((port): port is number => port !== undefined && port > 0 && port <= 65_535)
  const free = await Promise.all(ports.map((port) => tryPort(port)))
  const taken = ports.filter((_port, index) => free[index] === undefined)
  return taken.length === 0 ? ok('ports_free', { ports: '' }) : warning('ports_free', { ports: taken.join(', ') })
}

/** Linux counts what it can give back at once; elsewhere only what is free is told. */
function availableBytes(): number {
  try {
    const [, kilobytes] = /^MemAvailable:\s+([0-9]+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? []
    return kilobytes === undefined ? freemem() : Number(kilobytes) * 1_024
  } catch {
    return freemem()
  }
}

const VENDORS: Readonly<Record<string, string>> = { '0x10de': 'NVIDIA', '0x1002': 'AMD', '0x8086': 'Intel' }

function vendorOf(card: string): readonly string[] {
  try {
    const id = readFileSync(join('/sys/class/drm', card, 'device', 'vendor'), 'utf8').trim()
    return [VENDORS[id] ?? id]
  } catch {
    // A virtual card has no vendor: it computes nothing.
    return []
  }
}

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge', 'msedge']
const MAC_APPLICATIONS = ['Google Chrome', 'Chromium', 'Microsoft Edge']
const WINDOWS_PROGRAMS = [
  ['Google', 'Chrome', 'Application', 'chrome.exe'],
  ['Chromium', 'Application', 'chrome.exe'],
  ['Microsoft', 'Edge', 'Application', 'msedge.exe'],
]

function browserPlaces(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): readonly string[] {
  if (platform === 'darwin') {
    return MAC_APPLICATIONS.map((name) => join('/Applications', `${name}.app`, 'Contents', 'MacOS', name))
  }
  if (platform === 'win32') {
    const roots = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter((root) => root !== undefined)
    return WINDOWS_PROGRAMS.flatMap((parts) => roots.map((root) => join(root, ...parts)))
  }
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return COMMANDS.flatMap((command) => folders.map((folder) => join(folder, command)))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // Absent and not executable are the same here: look on.
    return false
  }
}
