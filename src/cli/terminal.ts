/** The terminal of this process, and the few ways to mark text on it. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import type { Terminal } from './context.ts'
import { createLineReader } from './stdin-lines.ts'

export function createTerminal(env: NodeJS.ProcessEnv): Terminal {
  const { stdin, stdout, stderr } = process
  // A reader that has seen enough (`tailrace logs | head`) closes the pipe: that is its right and no failure.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  const nextLine = createLineReader(stdin)
  return {
    out: (text) => void stdout.write(`${text}\n`),
    say: (text) => void stderr.write(`${text}\n`),
    isInteractive: stdin.isTTY && stderr.isTTY,
    isColored: stdout.isTTY && (env.NO_COLOR === undefined || env.NO_COLOR === '') && env.TERM !== 'dumb',
    ask(question) {
      if (stdin.isTTY) {
        return askOnce(question, stderr)
      }
      stderr.write(`${question}\n`)
      return nextLine()
    },
    async askSecret(question) {
      stderr.write(question)
      if (!stdin.isTTY) {
        stderr.write('\n')
        return nextLine()
      }
      const answer = await askOnce('', new Writable({ write: (_chunk, _encoding, done) => done() }))
      stderr.write('\n')
      return answer
    },
  }
}

async function askOnce(question: string, output: NodeJS.WritableStream): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true })
  try {
    return await lines.question(question)
  } finally {
    lines.close()
  }
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const
export type Style = keyof typeof STYLES

/** The text in that style where the terminal has colours, else as it is. */
export function paint({ isColored }: Pick<Terminal, 'isColored'>, style: Style, text: string): string {
  return isColored ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text
}
