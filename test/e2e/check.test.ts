/** The runs that show the whole way, each as a person would start it, with real processes and a real browser. */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { z } from 'zod'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const AMOUNT = z.string().regex(/^(0|[1-9][0-9]*)$/)
const SUMMARY = z.object({
  ok: z.boolean(),
  chainId: z.literal('tailrace-local-1'),
  height: z.int().positive(),
  epochs: z.int().min(1),
  seconds: z.number(),
  hosts: z.array(
    z.object({
      address: z.string().startsWith('tail1'),
      role: z.enum(['app', 'companion', 'cheater']),
      backend: z.string(),
      shape: z.literal('dev'),
      finds: z.int(),
      findsVerified: z.int(),
      weightPpm: z.int().min(0).max(1_000_000),
      reputationPpm: z.int().min(0).max(1_000_000),
      held: AMOUNT,
      earned: AMOUNT,
      receipts: z.int().nonnegative(),
      checksPassed: z.int().nonnegative(),
      checksFailed: z.int().nonnegative(),
    }),
  ),
  ledgerMatchesChain: z.literal(true),
  clickToFirstFindMs: z.number().positive(),
  clickToFirstEarningMs: z.number().positive(),
  orders: z.int().min(6),
  batches: z.int().min(1),
  receiptsVerifiedOffline: z.int().min(1),
  cheater: z
    .object({
      before: z.object({ weightPpm: z.int().positive() }),
      caughtBy: z.string().min(1),
      faultCode: z.string(),
      evidenceTx: z.string().regex(/^[0-9A-F]{64}$/),
      height: z.int().positive(),
      after: z.object({ weightPpm: z.int(), reputationPpm: z.literal(0), earnedInEpoch: z.literal('0') }),
    })
    .optional(),
  honest: z.object({ faults: z.literal(0), convicted: z.literal(0) }).optional(),
})
type Summary = z.infer<typeof SUMMARY>

interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function npmStart(args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(ROOT, 'scripts', 'start.mjs'), '--check', ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** The last line of stdout is the summary, and nothing comes after it. */
function summaryOf(run: Run): Summary {
  const lines = run.stdout.trimEnd().split('\n')
  expect(run.code, run.stderr.slice(-4_000)).toBe(0)
  return SUMMARY.parse(JSON.parse(lines[lines.length - 1] ?? ''))
}

function hostOf(summary: Summary, role: 'app' | 'companion' | 'cheater'): Summary['hosts'][number] {
  const host = summary.hosts.find((candidate) => candidate.role === role)
  if (host === undefined) {
    throw new Error(`no ${role} in the summary`)
  }
  return host
}

test('one click leads to a verified weight and a credited reward', async () => {
  const summary = summaryOf(await npmStart([]))
  const app = hostOf(summary, 'app')
  expect(summary.ok).toBe(true)
  expect(summary.hosts).toHaveLength(3)
  expect(app.backend).toBe('webgpu')
  expect(app.findsVerified).toBeGreaterThanOrEqual(20)
  expect(app.weightPpm).toBeGreaterThan(0)
  expect(BigInt(app.earned)).toBeGreaterThan(0n)
  expect(summary.orders).toBeLessThanOrEqual(60)
  expect(summary.hosts.reduce((sum, host) => sum + host.checksPassed, 0)).toBeGreaterThanOrEqual(1)
  expect(summary.hosts.every((host) => host.checksFailed === 0)).toBe(true)
})

test('a host that answers with a cheaper model is convicted; nobody honest is', async () => {
  const summary = summaryOf(await npmStart(['--cheat', 'wrong-model']))
  expect(summary.cheater?.faultCode).toBe('false_inference')
  expect(summary.honest).toEqual({ faults: 0, convicted: 0 })
  expect(hostOf(summary, 'cheater').weightPpm).toBe(0)
})
