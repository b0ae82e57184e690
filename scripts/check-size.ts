/**
 * Sizes and names: a file ≤ 500 lines (tests 600, WGSL 250), a function ≤ 60, a folder ≤ 20 files (tests not counted), kebab-case, no
 * index.ts. Generated code and data are exempt. Reports the median size of the files under src.
 */
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, join, relative } from 'node:path'
import ts from 'typescript'
import { isMain, repoRoot, walkFiles } from './files.ts'

const CHECKED_FOLDERS = ['src', 'shaders', 'test', 'bench', 'scripts']
const CHECKED_EXTENSIONS: ReadonlySet<string> = new Set(['.ts', '.tsx', '.mjs', '.cjs', '.js', '.wgsl', '.css'])
const EXEMPT = /^(src\/protocol\/gen|src\/protocol\/\.gen-next|test\/vectors|test\/fixtures)\//
const TEST_FILE = /\.test\.tsx?$/
const NAME = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/

const FILE_LIMIT = 500
const TEST_FILE_LIMIT = 600
const WGSL_LIMIT = 250
const FUNCTION_LIMIT = 60
const FOLDER_LIMIT = 20

export interface SizeReport {
  readonly problems: readonly string[]
  readonly medianLines: number
  readonly files: number
}

/** Checks the tree under `root`. */
export function checkSizes(root: string): SizeReport {
  const files = CHECKED_FOLDERS.map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => walkFiles(folder))
    .map((file) => relative(root, file).replaceAll('\\', '/'))
    .filter((file) => CHECKED_EXTENSIONS.has(extname(file)) && !EXEMPT.test(file))
  const problems = [...files.flatMap((file) => fileProblems(root, file)), ...folderProblems(files)]
  const sourceLines = files.filter((file) => file.startsWith('src/') && !TEST_FILE.test(file))
  return { problems, medianLines: median(sourceLines.map((file) => countLines(read(root, file)))), files: files.length }
}

function read(root: string, file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

function countLines(text: string): number {
  const lines = text.split('\n').length
  return text.endsWith('\n') ? lines - 1 : lines
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

function limitFor(file: string): number {
  if (file.endsWith('.wgsl')) return WGSL_LIMIT
  return TEST_FILE.test(file) ? TEST_FILE_LIMIT : FILE_LIMIT
}

function fileProblems(root: string, file: string): string[] {
  const problems: string[] = []
  const name = basename(file)
  if (!NAME.test(name)) problems.push(`${file}: the name is not kebab-case`)
  if (/^index\.(tsx?|mjs|cjs|js)$/.test(name)) problems.push(`${file}: no index files, name it after the thing inside`)
  const text = read(root, file)
  const lines = countLines(text)
  if (lines > limitFor(file)) problems.push(`${file}: ${lines} lines, at most ${limitFor(file)}`)
  if (/\.(tsx?|mjs|cjs|js)$/.test(file)) problems.push(...functionProblems(file, text))
  return problems
}

function functionProblems(file: string, text: string): string[] {
  const kind = file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true, kind)
  const problems: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined && !isSuite(node)) {
      const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line
      const last = source.getLineAndCharacterOfPosition(node.end).line
      const lines = last - first + 1
      if (lines > FUNCTION_LIMIT) {
        problems.push(`${file}:${first + 1}: ${functionName(node)} has ${lines} lines, at most ${FUNCTION_LIMIT}`)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return problems
}

/** A list of tests is no function that anybody has to follow: the callback of `describe`, and a conformance suite that wraps one. */
function isSuite(node: ts.Node): boolean {
  if (ts.isCallExpression(node.parent) && isDescribe(node.parent)) return true
  const body = 'body' in node ? (node.body as ts.Node | undefined) : undefined
  if (body === undefined || !ts.isBlock(body)) return false
  const [only, ...others] = body.statements
  return only !== undefined && others.length === 0 && ts.isExpressionStatement(only) && isDescribe(only.expression)
}

function isDescribe(node: ts.Node): boolean {
  return ts.isCallExpression(node) && /^describe\b/.test(node.expression.getText())
}

function functionName(node: ts.Node): string {
  if ('name' in node && node.name !== undefined) return (node.name as ts.Node).getText()
  const owner = node.parent
  if (ts.isVariableDeclaration(owner) || ts.isPropertyAssignment(owner)) return owner.name.getText()
  return 'this function'
}

function folderProblems(files: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const file of files) {
    if (TEST_FILE.test(file)) continue
    counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1)
  }
  return [...counts]
    .filter(([, count]) => count > FOLDER_LIMIT)
    .map(([folder, count]) => `${folder}/: ${count} files, at most ${FOLDER_LIMIT} (tests not counted)`)
}

if (isMain(import.meta.url)) {
  const report = checkSizes(repoRoot)
  for (const problem of report.problems) console.error(problem)
  console.log(`${report.files} files, median of src ${report.medianLines} lines (wished: at most 100)`)
  process.exitCode = report.problems.length === 0 ? 0 : 1
}
