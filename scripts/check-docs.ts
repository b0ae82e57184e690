/**
 * The documents say what is there: README, ARCHITECTURE and CONTRIBUTING keep their length, each `path/file.ts:name` in ARCHITECTURE.md
 * exists, each path of the repository that a document names exists, and the import table is the one of scripts/layers.json.
 * `--write` puts the table between its two markers.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { isMain, repoRoot } from './files.ts'

const LINE_LIMITS: Readonly<Record<string, number>> = {
  'README.md': 150,
  'ARCHITECTURE.md': 250,
  'CONTRIBUTING.md': 120,
}
const TRACE = /`([\w./-]+\.(?:tsx?|mjs|wgsl)):([A-Za-z_$][\w$.]*)(?:\(\))?`/g
const PATH = /`((?:src|scripts|test|bench|proto|shaders|docs)\/[\w./-]*)(?::[\w$.()]*)?`/g
const TABLE_BEGIN = '<!-- layers:begin -->'
const TABLE_END = '<!-- layers:end -->'

interface LayerRow {
  readonly folders: readonly string[]
  readonly ownText: string
  readonly platformText: string
}

/** The import table as Markdown, from the rows of scripts/layers.json. */
export function layerTable(rows: readonly LayerRow[]): string {
  return [
    '| folder | own folders | third party and platform that live only here |',
    '|---|---|---|',
    ...rows.map((row) => `| ${row.folders.join(', ')} | ${row.ownText} | ${row.platformText} |`),
  ].join('\n')
}

/** All problems of the documents under `root`. */
export function checkDocs(root: string): string[] {
  return Object.entries(LINE_LIMITS).flatMap(([name, limit]) => {
    const path = join(root, name)
    if (!existsSync(path)) return [`${name}: missing`]
    const text = readFileSync(path, 'utf8')
    const lines = text.trimEnd().split('\n').length
    return [
      ...(lines > limit ? [`${name}: ${lines} lines, at most ${limit}`] : []),
      ...missingPaths(root, text).map((missing) => `${name}: ${missing} does not exist`),
      ...(name === 'ARCHITECTURE.md' ? [...traceProblems(root, text), ...tableProblems(root, text)] : []),
    ]
  })
}

function missingPaths(root: string, text: string): string[] {
  const paths = [...text.matchAll(PATH)].map((match) => match[1] as string)
  return [...new Set(paths)].filter((path) => !existsSync(join(root, path)))
}

function traceProblems(root: string, text: string): string[] {
  const traces = [...text.matchAll(TRACE)]
  if (traces.length === 0) return ['ARCHITECTURE.md: no trace entry of the form `path/file.ts:name`']
  return traces.flatMap(([, path, name]) => traceProblem(root, path as string, name as string))
}

function traceProblem(root: string, path: string, name: string): string[] {
  const file = [path, join('src', path)]
    .map((candidate) => join(root, candidate))
    .find((candidate) => existsSync(candidate))
  if (file === undefined) return [`ARCHITECTURE.md: ${path}:${name}: the file does not exist`]
  const text = readFileSync(file, 'utf8')
  const names = file.endsWith('.wgsl') ? wgslNames(text) : declaredNames(file, text)
  return names.has(name) ? [] : [`ARCHITECTURE.md: ${path}:${name}: the file does not declare that name`]
}

function wgslNames(text: string): Set<string> {
  return new Set([...text.matchAll(/\bfn\s+(\w+)/g)].map((match) => match[1] as string))
}

/** Functions, classes, methods (also as Class.method), types, and constants that the file declares, at any depth. */
export function declaredNames(file: string, text: string): Set<string> {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true)
  const names = new Set<string>()
  const visit = (node: ts.Node, owner: string): void => {
    const name = declaredName(node)
    if (name !== undefined) {
      names.add(name)
      if (owner !== '') names.add(`${owner}.${name}`)
    }
    const isOwner = ts.isClassLike(node) || ts.isInterfaceDeclaration(node) || ts.isVariableDeclaration(node)
    ts.forEachChild(node, (child) => visit(child, isOwner && name !== undefined ? name : owner))
  }
  visit(source, '')
  return names
}

function declaredName(node: ts.Node): string | undefined {
  const isDeclaration =
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isMethodSignature(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isVariableDeclaration(node) ||
    (ts.isPropertyAssignment(node) && ts.isFunctionLike(node.initializer))
  return isDeclaration ? node.name?.getText() : undefined
}

function readRows(root: string): readonly LayerRow[] {
  const parsed = JSON.parse(readFileSync(join(root, 'scripts', 'layers.json'), 'utf8')) as { rows: readonly LayerRow[] }
  return parsed.rows
}

function tableProblems(root: string, text: string): string[] {
  const present = text.split('\n').map((line) => line.trim())
  const begin = present.indexOf(TABLE_BEGIN)
  const end = present.indexOf(TABLE_END)
  if (begin < 0 || end < begin)
    return [`ARCHITECTURE.md: the import table between ${TABLE_BEGIN} and ${TABLE_END} is missing`]
  const table = present.slice(begin + 1, end).filter((line) => line !== '')
  if (table.join('\n') === layerTable(readRows(root))) return []
  return ['ARCHITECTURE.md: the import table is not that of scripts/layers.json (node scripts/check-docs.ts --write)']
}

/** Replaces what stands between the markers by the table. */
export function withTable(text: string, table: string): string {
  const begin = text.indexOf(TABLE_BEGIN)
  const end = text.indexOf(TABLE_END)
  if (begin < 0 || end < begin) return text
  return `${text.slice(0, begin + TABLE_BEGIN.length)}\n${table}\n${text.slice(end)}`
}

if (isMain(import.meta.url)) {
  if (process.argv.includes('--write')) {
    const path = join(repoRoot, 'ARCHITECTURE.md')
    writeFileSync(path, withTable(readFileSync(path, 'utf8'), layerTable(readRows(repoRoot))))
  }
  const problems = checkDocs(repoRoot)
  for (const problem of problems) console.error(problem)
  if (problems.length === 0) console.log('documents agree with the tree')
  process.exitCode = problems.length === 0 ? 0 : 1
}
