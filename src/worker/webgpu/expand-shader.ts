import { CodedError } from '../../lib/coded-error.ts'

/**
 * Unrolls the templates among the shaders. A tile in registers must be spelled out: what is indexed by a loop variable lives in
 * memory on the adapters that need registers most. Three forms, nothing else:
 *
 *   //! for q in 0..quads      lines up to its `//! end` once for each of 0 … quads − 1; `quads` is a size or a number
 *   //! for e in x y z w       … once for each of the words
 *   #q#                        the value of a loop variable or of a size, also within a name: sum_#q#_#e#
 */
export type TemplateSizes = Readonly<Record<string, number>>

/** More lines than any sensible tile has: a mistake in a size must not fill the memory. */
const MAX_LINES = 8192
const DIRECTIVE = /^\s*\/\/! (.*)$/
const LOOP = /^for ([a-z]+) in (.+)$/

type Values = ReadonlyMap<string, string>

/** @throws CodedError `invalid_shader` for an unknown name, an unknown directive, an open or a surplus `end`, too many lines. */
export function expandShader(template: string, sizes: TemplateSizes): string {
  const values = new Map(Object.entries(sizes).map(([name, size]) => [name, String(size)]))
  const out: string[] = []
  expandLines(template.split('\n'), values, out)
  return out.join('\n')
}

function expandLines(lines: readonly string[], values: Values, out: string[]): void {
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string
    const directive = DIRECTIVE.exec(line)?.[1]
    if (directive === undefined) {
      if (out.push(substitute(line, values)) > MAX_LINES) {
        throw refused('more than the most lines')
      }
      continue
    }
    const end = endOf(lines, at)
    const [name, items] = loopOf(directive, values)
    const body = lines.slice(at + 1, end)
    for (const item of items) {
      expandLines(body, new Map([...values, [name, item]]), out)
    }
    at = end
  }
}

function loopOf(directive: string, values: Values): readonly [name: string, items: readonly string[]] {
  const [, name, list] = LOOP.exec(directive) ?? []
  if (name === undefined || list === undefined) {
    throw refused(`directive ${directive}`)
  }
  if (!list.startsWith('0..')) {
    return [name, list.trim().split(/\s+/)]
  }
  const bound = list.slice(3).trim()
  const count = Number(values.get(bound) ?? bound)
  if (!Number.isSafeInteger(count) || count < 0 || count > MAX_LINES) {
    throw refused(`size ${bound}`)
  }
  return [name, Array.from({ length: count }, (_, index) => String(index))]
}

/** The line of the `end` that closes the loop at `from`. */
function endOf(lines: readonly string[], from: number): number {
  let depth = 0
  for (let at = from; at < lines.length; at++) {
    const directive = DIRECTIVE.exec(lines[at] as string)?.[1]
    if (directive !== undefined) {
      depth += directive === 'end' ? -1 : 1
      if (depth === 0) {
        return at
      }
    }
  }
  throw refused('a loop without end')
}

function substitute(line: string, values: Values): string {
  return line.replace(/#([a-z]+)#/g, (_, name: string) => {
    const value = values.get(name)
    if (value === undefined) {
      throw refused(`name ${name}`)
    }
    return value
  })
}

function refused(reason: string): CodedError {
  return new CodedError('invalid_shader', `a shader template cannot be unrolled: ${reason}`)
}
