/** No file that is committed may name a place on somebody's machine: such a path works nowhere else. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMain, repoRoot } from './files.ts'

/** Absolute paths into a home or working folder. System paths such as /usr/bin are the same everywhere and fine. */
const MACHINE_PATHS = [
  /(?<![\w.:/-])\/(?:work|root)\/[\w.-]+/,
  /(?<![\w.:-])\/(?:home|Users)\/[\w.-]+/,
  /\b[A-Za-z]:\\Users\\/,
  /(?<![\w.-])\/tmp\/[\w.-]+/,
]

const BINARY = /\.(png|ico|woff2?|onnx|bin|gz)$/

/** `line: match` for each machine path in a text. */
export function machinePaths(text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const match = MACHINE_PATHS.map((pattern) => pattern.exec(line)?.[0]).find((found) => found !== undefined)
    return match === undefined ? [] : [`${index + 1}: ${match}`]
  })
}

function committedFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: repoRoot,
    encoding: 'utf8',
  })
  return listed.split('\n').filter((file) => file !== '' && !BINARY.test(file) && existsSync(join(repoRoot, file)))
}

if (isMain(import.meta.url)) {
  const files = committedFiles()
  const problems = files
    .filter((file) => !file.startsWith('scripts/check-words'))
    .flatMap((file) => machinePaths(readFileSync(join(repoRoot, file), 'utf8')).map((found) => `${file}:${found}`))
  for (const problem of problems) console.error(`${problem} is a path of one machine`)
  if (problems.length === 0) console.log(`${files.length} files name no machine`)
  process.exitCode = problems.length === 0 ? 0 : 1
}
