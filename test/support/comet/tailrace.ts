/** The built `tailrace` command as a process, for tests of what an operator types. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const BUILT_PROGRAM: string = fileURLToPath(new URL('../../../dist/node/tailrace.js', import.meta.url))

export interface CommandEnd {
  readonly code: number | null
  readonly out: string
  readonly said: string
}

/** Runs it to its end. */
export async function runTailrace(...args: readonly string[]): Promise<CommandEnd> {
  const child = spawn(process.execPath, [BUILT_PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let said = ''
  child.stdout.on('data', (chunk) => {
    out += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    said += String(chunk)
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, out, said }
}

export interface RunningCommand {
  readonly child: ChildProcess
  /** Its first line on stdout. */
  readonly firstLine: string
  /** Its exit code; null after a signal that it did not handle. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** Starts it and waits for its first line. @throws Error with what it said where it ends before */
export async function startTailrace(...args: readonly string[]): Promise<RunningCommand> {
  const child = spawn(process.execPath, [BUILT_PROGRAM, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += String(chunk)
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const firstLine = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    ended.then((code) => reject(new Error(`tailrace ${args.join(' ')} ended with ${code}: ${said}`)))
  })
  return {
    child,
    firstLine,
    end(signal) {
      child.kill(signal)
      return ended
    },
  }
}
