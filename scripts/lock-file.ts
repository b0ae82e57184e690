/**
 * Keeps package-lock.json installable everywhere. A registry that lacks a package for another platform (a mirror, a release still being
 * published) makes npm leave it out of the lock file, and then `npm ci` refuses the whole file on every machine. This adds the missing
 * entries by what their names say: version and platform, without a checksum, which the next `npm install` against a full registry fills in.
 * `node scripts/lock-file.ts` writes; `--check` only says what is missing.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMain, repoRoot } from './files.ts'

interface LockEntry {
  readonly version?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export interface LockFile {
  readonly packages: Readonly<Record<string, LockEntry>>
}

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32', 'sunos', 'aix', 'openbsd', 'netbsd']
const CPUS = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'wasm32', 'mips64el']
const EXACT_VERSION = /^\d+\.\d+\.\d+$/

/** What a package is for, read from a name such as @scope/binding-linux-arm64-musl. Undefined where the name does not say. */
export function platformOf(name: string): { os: string[]; cpu: string[]; libc?: string[] } | undefined {
  const words = name.replace(/^@[^/]*\//, '').split(/[-.]/)
  const os = words.filter((word) => SYSTEMS.includes(word))
  const cpu = words.filter((word) => CPUS.includes(word))
  if (os.length !== 1 || cpu.length !== 1) return undefined
  if (words.some((word) => word.startsWith('musl'))) return { os, cpu, libc: ['musl'] }
  if (os[0] === 'linux') return { os, cpu, libc: ['glibc'] }
  return { os, cpu }
}

function isPresent(lock: LockFile, owner: string, name: string): boolean {
  const parts = owner.split('/node_modules/')
  const outward = parts.map(
    (_, index) => `${parts.slice(0, parts.length - index).join('/node_modules/')}/node_modules/${name}`,
  )
  return [...outward, `node_modules/${name}`].some((path) => lock.packages[path] !== undefined)
}

/** The entries that the lock file should have and has not: path → entry. A name that tells no platform throws. */
export function missingEntries(lock: LockFile): Record<string, LockEntry> {
  const missing: Record<string, LockEntry> = {}
  for (const [owner, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (isPresent(lock, owner, name)) continue
      const platform = platformOf(name)
      if (platform === undefined || !EXACT_VERSION.test(version)) {
        throw new Error(
          `package-lock.json lacks ${name}@${version} (wanted by ${owner}), and its name does not say what for`,
        )
      }
      missing[`node_modules/${name}`] = {
        version,
        cpu: platform.cpu,
        ...(entry.dev === true ? { dev: true } : {}),
        ...(platform.libc === undefined ? {} : { libc: platform.libc }),
        optional: true,
        os: platform.os,
      }
    }
  }
  return missing
}

function main(): number {
  const path = join(repoRoot, 'package-lock.json')
  const lock = JSON.parse(readFileSync(path, 'utf8')) as LockFile
  const missing = missingEntries(lock)
  const names = Object.keys(missing)
  if (names.length === 0) {
    console.log('package-lock.json names every platform')
    return 0
  }
  if (process.argv.includes('--check')) {
    for (const name of names) console.error(`package-lock.json lacks ${name}`)
    console.error('npm ci refuses such a file: node scripts/lock-file.ts adds what is missing')
    return 1
  }
  const entries = Object.entries({ ...lock.packages, ...missing }).sort(([a], [b]) => a.localeCompare(b, 'en'))
  writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(entries) }, undefined, 2)}\n`)
  console.log(`package-lock.json: added ${names.length} packages of other platforms`)
  return 0
}

if (isMain(import.meta.url)) process.exitCode = main()
