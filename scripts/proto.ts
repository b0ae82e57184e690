/**
 * Generates src/protocol/gen from proto/**\/*.proto with protoc and ts-proto. The output is committed, so that a clone needs no protoc.
 * `node scripts/proto.ts` writes; `--check` generates into a temporary folder and compares; `checkGenerated` is what scripts/check.ts calls.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { isMain, repoRoot, walkFiles } from './files.ts'

const PLUGIN_OPTIONS = [
  'forceLong=bigint',
  'oneof=unions-value',
  'useExactTypes=false',
  'outputServices=none',
  'enumsAsLiterals=true',
  'importSuffix=.ts',
  'esModuleInterop=true',
  'outputJsonMethods=false',
  'outputPartialMethods=true',
  'outputTypeRegistry=false',
  'useDate=false',
  // Versions of protoc differ between machines: a version in the header would make --check fail for no reason.
  'annotateFilesWithVersion=false',
]

export type GenerateResult =
  | { readonly status: 'done'; readonly files: readonly string[] }
  | { readonly status: 'no-protoc'; readonly reason: string }
  | { readonly status: 'failed'; readonly reason: string }

/** The protoc to use: the environment variable PROTOC, or the one on PATH. Undefined where there is none. */
function findProtoc(): string | undefined {
  const candidate = process.env.PROTOC ?? 'protoc'
  const probe = spawnSync(candidate, ['--version'], { encoding: 'utf8' })
  return probe.error === undefined && probe.status === 0 ? candidate : undefined
}

/** Runs protoc over all of proto/ into `outDir`, which must be empty or absent. File names are relative to `outDir`. */
export function generate(outDir: string): GenerateResult {
  const protoc = findProtoc()
  if (protoc === undefined) {
    return { status: 'no-protoc', reason: 'protoc is not installed (Debian: apt-get install protobuf-compiler)' }
  }
  const protoDir = join(repoRoot, 'proto')
  const protoFiles = existsSync(protoDir) ? walkFiles(protoDir).filter((file) => file.endsWith('.proto')) : []
  if (protoFiles.length === 0) return { status: 'failed', reason: 'no .proto files under proto/' }
  mkdirSync(outDir, { recursive: true })
  const pluginName = process.platform === 'win32' ? 'protoc-gen-ts_proto.cmd' : 'protoc-gen-ts_proto'
  const run = spawnSync(
    protoc,
    [
      `--plugin=protoc-gen-ts_proto=${join(repoRoot, 'node_modules', '.bin', pluginName)}`,
      `--ts_proto_out=${outDir}`,
      `--ts_proto_opt=${PLUGIN_OPTIONS.join(',')}`,
      '-I',
      protoDir,
      ...protoFiles,
    ],
    { encoding: 'utf8' },
  )
  if (run.status !== 0) return { status: 'failed', reason: (run.stderr || run.error?.message) ?? 'protoc failed' }
  return { status: 'done', files: walkFiles(outDir).map((file) => relative(outDir, file)) }
}

/** Generates afresh and lists how src/protocol/gen differs; an empty list means that it is up to date. */
export function checkGenerated(): { readonly differences: readonly string[]; readonly skipped?: string } {
  const scratch = mkdtempSync(join(tmpdir(), 'tailrace-proto-'))
  try {
    const result = generate(scratch)
    if (result.status === 'no-protoc') return { differences: [], skipped: result.reason }
    if (result.status === 'failed') return { differences: [result.reason] }
    const genDir = join(repoRoot, 'src', 'protocol', 'gen')
    const committed = existsSync(genDir) ? walkFiles(genDir).map((file) => relative(genDir, file)) : []
    const stale = committed.filter((file) => !result.files.includes(file)).map((file) => `${file}: no longer generated`)
    const changed = result.files
      .filter((file) => !committed.includes(file) || !sameBytes(join(scratch, file), join(genDir, file)))
      .map((file) => `${file}: differs from what proto/ generates (npm run proto)`)
    return { differences: [...stale, ...changed] }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function sameBytes(left: string, right: string): boolean {
  return readFileSync(left).equals(readFileSync(right))
}

function main(): number {
  if (process.argv.includes('--check')) {
    const { differences, skipped } = checkGenerated()
    if (skipped !== undefined) console.log(`proto check skipped: ${skipped}`)
    else if (differences.length === 0) console.log('src/protocol/gen is what proto/ generates')
    for (const difference of differences) console.error(difference)
    return differences.length === 0 ? 0 : 1
  }
  const genDir = join(repoRoot, 'src', 'protocol', 'gen')
  // Generate elsewhere first: a syntax error in one .proto must not leave the tree without its generated code.
  const scratch = join(repoRoot, 'src', 'protocol', '.gen-next')
  rmSync(scratch, { recursive: true, force: true })
  const result = generate(scratch)
  if (result.status !== 'done') {
    rmSync(scratch, { recursive: true, force: true })
    console.error(result.reason)
    return 1
  }
  replaceFolder(scratch, genDir)
  console.log(`src/protocol/gen: ${result.files.length} files`)
  return 0
}

function replaceFolder(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  renameSync(from, to)
}

if (isMain(import.meta.url)) process.exitCode = main()
