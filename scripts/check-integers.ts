/**
 * Consensus is integers. In src/chain and src/race this refuses what a `number` can do beyond them: division, Math (but for imul and
 * clz32), decimals, float arrays, parsing of decimals; and in src/chain what depends on the machine or the moment: dates, promises, locale.
 * Division of bigints is fine: the type checker tells them apart. Tests are not checked.
 */
import { join, relative } from 'node:path'
import ts from 'typescript'
import { isMain, repoRoot } from './files.ts'

const EXACT_MATH: ReadonlySet<string> = new Set(['imul', 'clz32'])
const FLOAT_GLOBALS: ReadonlySet<string> = new Set([
  'parseFloat',
  'Float16Array',
  'Float32Array',
  'Float64Array',
  'NaN',
  'Infinity',
])
const FLOAT_MEMBERS: ReadonlySet<string> = new Set([
  'parseFloat',
  'EPSILON',
  'toFixed',
  'toPrecision',
  'toExponential',
  'getFloat16',
  'getFloat32',
  'getFloat64',
  'setFloat16',
  'setFloat32',
  'setFloat64',
])
const IMPURE_GLOBALS: ReadonlySet<string> = new Set(['Date', 'Promise', 'Intl', 'WeakRef', 'FinalizationRegistry'])
const IMPURE_MEMBERS: ReadonlySet<string> = new Set([
  'toLocaleString',
  'localeCompare',
  'toLocaleLowerCase',
  'toLocaleUpperCase',
])

export interface IntegerRules {
  /** Refuse dates, promises, async and locale as well: the state machine. */
  readonly pure: boolean
}

interface Context {
  readonly checker: ts.TypeChecker
  readonly source: ts.SourceFile
  readonly rules: IntegerRules
}

/** Checks one folder by its tsconfig.json; each problem is `file:line: what`. */
export function checkIntegers(folder: string, rules: IntegerRules, baseFolder: string): string[] {
  const configPath = join(folder, 'tsconfig.json')
  const config = ts.getParsedCommandLineOfConfigFile(configPath, {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic })
  if (config === undefined) return [`${configPath}: cannot be read`]
  const program = ts.createProgram({
    rootNames: config.fileNames,
    options: { ...config.options, composite: false, incremental: false, noEmit: true },
  })
  const checker = program.getTypeChecker()
  return config.fileNames.flatMap((fileName) => {
    const source = program.getSourceFile(fileName)
    if (source === undefined) return [`${fileName}: cannot be read`]
    return problemsIn({ checker, source, rules }).map(({ node, what }) => {
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
      return `${relative(baseFolder, fileName)}:${line}: ${what}`
    })
  })
}

function onUnRecoverableConfigFileDiagnostic(diagnostic: ts.Diagnostic): never {
  throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'))
}

interface Problem {
  readonly node: ts.Node
  readonly what: string
}

function problemsIn(context: Context): Problem[] {
  const problems: Problem[] = []
  const visit = (node: ts.Node): void => {
    // Types say `Promise` and `Date` without doing anything; the values are what counts.
    if (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)) return
    const what = problemOf(node, context)
    if (what !== undefined) problems.push({ node, what })
    ts.forEachChild(node, visit)
  }
  visit(context.source)
  return problems
}

function problemOf(node: ts.Node, context: Context): string | undefined {
  if (ts.isBinaryExpression(node)) return binaryProblem(node, context)
  if (ts.isNumericLiteral(node)) return literalProblem(node, context.source)
  if (ts.isPrefixUnaryExpression(node)) return unaryProblem(node, context)
  if (ts.isPropertyAccessExpression(node)) return memberProblem(node.expression, node.name.text, context)
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression)) {
    return memberProblem(node.expression, node.argumentExpression.text, context)
  }
  if (ts.isIdentifier(node)) return globalProblem(node, context)
  if (!context.rules.pure) return undefined
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined)) return 'await'
  const isAsync = ts.canHaveModifiers(node) && ts.getModifiers(node)?.some((m) => m.kind === ts.SyntaxKind.AsyncKeyword)
  return isAsync === true ? 'async function' : undefined
}

function isBigInt(node: ts.Expression, checker: ts.TypeChecker): boolean {
  const type = checker.getTypeAtLocation(node)
  const parts = type.isUnion() ? type.types : [type]
  return parts.every((part) => (part.flags & ts.TypeFlags.BigIntLike) !== 0)
}

function binaryProblem(node: ts.BinaryExpression, { checker }: Context): string | undefined {
  const operator = node.operatorToken.kind
  const isDivision = operator === ts.SyntaxKind.SlashToken || operator === ts.SyntaxKind.SlashEqualsToken
  const isPower =
    operator === ts.SyntaxKind.AsteriskAsteriskToken || operator === ts.SyntaxKind.AsteriskAsteriskEqualsToken
  if (!isDivision && !isPower) return undefined
  if (isBigInt(node.left, checker) && isBigInt(node.right, checker)) return undefined
  // 2 ** 32 is a way to write an integer.
  if (isPower && ts.isNumericLiteral(node.left) && ts.isNumericLiteral(node.right)) return undefined
  return `${node.operatorToken.getText()} on number`
}

function literalProblem(node: ts.NumericLiteral, source: ts.SourceFile): string | undefined {
  const text = node.getText(source).replaceAll('_', '')
  if (/^0[xob]/i.test(text)) return Number.isSafeInteger(Number(text)) ? undefined : `${text} is beyond 2^53`
  if (/[.e]/i.test(text)) return `decimal or exponent ${text}`
  return Number.isSafeInteger(Number(text)) ? undefined : `${text} is beyond 2^53`
}

function unaryProblem(node: ts.PrefixUnaryExpression, { checker }: Context): string | undefined {
  if (node.operator !== ts.SyntaxKind.PlusToken) return undefined
  const isNumber = (checker.getTypeAtLocation(node.operand).flags & ts.TypeFlags.NumberLike) !== 0
  return isNumber ? undefined : 'unary + parses decimals'
}

function memberProblem(owner: ts.Expression, member: string, context: Context): string | undefined {
  if (ts.isIdentifier(owner) && owner.text === 'Math' && isGlobal(owner, context)) {
    return EXACT_MATH.has(member) ? undefined : `Math.${member}`
  }
  if (FLOAT_MEMBERS.has(member)) return `.${member}`
  return context.rules.pure && IMPURE_MEMBERS.has(member) ? `.${member}` : undefined
}

function globalProblem(node: ts.Identifier, context: Context): string | undefined {
  const isMember = ts.isPropertyAccessExpression(node.parent) && node.parent.name === node
  if (isMember || !isGlobal(node, context)) return undefined
  if (FLOAT_GLOBALS.has(node.text)) return node.text
  if (context.rules.pure && IMPURE_GLOBALS.has(node.text)) return node.text
  // `const { floor } = Math` and `const m = Math`: the object itself may not travel.
  const isOwner = ts.isPropertyAccessExpression(node.parent) || ts.isElementAccessExpression(node.parent)
  return node.text === 'Math' && !isOwner ? 'Math as a value' : undefined
}

/** True where the name means the built-in one: declared in no file of ours. */
function isGlobal(node: ts.Identifier, { checker, source }: Context): boolean {
  const declarations = checker.getSymbolAtLocation(node)?.declarations ?? []
  return declarations.every((declaration) => {
    const file = declaration.getSourceFile()
    return file !== source && file.isDeclarationFile && /[\\/]typescript[\\/]lib[\\/]/.test(file.fileName)
  })
}

if (isMain(import.meta.url)) {
  const problems = [
    ...checkIntegers(join(repoRoot, 'src', 'chain'), { pure: true }, repoRoot),
    ...checkIntegers(join(repoRoot, 'src', 'race'), { pure: false }, repoRoot),
  ]
  for (const problem of problems) console.error(problem)
  if (problems.length === 0) console.log('integers only')
  process.exitCode = problems.length === 0 ? 0 : 1
}
