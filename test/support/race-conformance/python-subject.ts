import type { ChildProcessByStdio } from 'node:child_process'
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { fromHex, toHex } from '../../../src/lib/bytes.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import type { ConformanceJob, ConformanceSubject } from './subject.ts'

export const RACE_PROGRAM: string = fileURLToPath(new URL('../../second-implementation/race.py', import.meta.url))

/** An attempt of std with its stages is 5 MB of text. */
const MAX_ATTEMPTS = 4096
const attemptSchema = z.object({
  digest: z.hex().length(64),
  stages: z.array(z.object({ name: z.string().max(64), bytes: z.hex() })).max(128),
})
const answerSchema = z.object({ attempts: z.array(attemptSchema).max(MAX_ATTEMPTS) })
type Attempts = z.infer<typeof answerSchema>['attempts']
type PythonProcess = ChildProcessByStdio<Writable, Readable, Readable>

/** The interpreter's name on this machine, or undefined where there is none. */
export function findPython(): string | undefined {
  return ['python3', 'python'].find((name) => spawnSync(name, ['--version']).status === 0)
}

/** The second implementation as a child process: one job a line, one answer a line, in order. */
export function createPythonSubject(python: string): ConformanceSubject {
  const child = spawn(python, [RACE_PROGRAM, '--serve'], { stdio: ['pipe', 'pipe', 'pipe'] })
  const ask = createQuestions(child)
  return {
    name: 'python',
    digests: async (job) => (await ask(job, false)).map(({ digest }) => fromHex(digest)),
    async trace(job) {
      const [attempt] = await ask({ ...job, nonces: job.nonces.slice(0, 1) }, true)
      if (attempt === undefined) {
        throw new CodedError('invalid_answer', 'the second implementation answered no attempt')
      }
      const stages = attempt.stages.map(({ name, bytes }) => ({ name, bytes: fromHex(bytes) }))
      return { stages, digest: fromHex(attempt.digest) }
    },
    async stop() {
      const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
      if (child.exitCode === null) {
        // It may be in the middle of an attempt of half a minute.
        child.kill()
        await ended
      }
    },
  }
}

function createQuestions(child: PythonProcess): (job: ConformanceJob, stages: boolean) => Promise<Attempts> {
  const waiting: PromiseWithResolvers<Attempts>[] = []
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString('utf8')).slice(-2000)
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    const next = waiting.shift()
    try {
      next?.resolve(answerSchema.parse(JSON.parse(line)).attempts)
    } catch (error) {
      next?.reject(error)
    }
  })
  const fail = (reason: string): void => {
    for (const each of waiting.splice(0)) {
      each.reject(new CodedError('second_implementation_failed', reason))
    }
  }
  child.on('error', (error) => fail(error.message))
  child.on('close', (code) => fail(`ended with ${code ?? 'a signal'}: ${errors}`))
  // A process that is gone refuses its input: `close` says why.
  child.stdin.on('error', () => undefined)
  return ({ shape, epochSeed, host, nonces }, stages) => {
    const answer = Promise.withResolvers<Attempts>()
    if (child.exitCode !== null || child.signalCode !== null) {
      answer.reject(new CodedError('second_implementation_failed', errors))
      return answer.promise
    }
    waiting.push(answer)
    const job = { shape, epochSeed: toHex(epochSeed), host: toHex(host), nonces: nonces.map(String), stages }
    child.stdin.write(`${JSON.stringify(job)}\n`)
    return answer.promise
  }
}
