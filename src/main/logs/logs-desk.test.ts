import { appendFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { REPORT_AT_MS, reportFactsOf } from '../../../test/support/logs/report-facts.ts'
import { tempTree } from '../../../test/support/temp-tree.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import type { LogsDesk } from '../../ipc/screen-router.ts'
import { MAX_MESSAGE_BYTES } from '../../ipc/wire.ts'
import { logLineSchema } from '../../ipc/wires/machine-wire.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { createFileLogger } from '../file-logger.ts'
import type { LogsComponents } from './logs-desk.ts'
import { createLogsDesk, knownNames } from './logs-desk.ts'

const ALL = { lines: 500, level: 'debug', contains: '' } as const

function deskOf(folder: string, change: Partial<LogsComponents> = {}): LogsDesk {
  const facts = reportFactsOf(() => 'plain')
  return createLogsDesk(
    {
      clock: new VirtualClock(REPORT_AT_MS),
      logger: SILENT_LOGGER,
      facts: () => facts.facts,
      view: () => facts.view,
      chainId: () => 'tailrace-local-1',
      readings: async () => facts.readings ?? Promise.reject(new CodedError('unavailable', 'none')),
      doctor: async () => facts.findings,
      ...change,
    },
    { logFolder: folder, redact: knownNames('/data/tailrace', folder, '/people/somebody') },
  )
}

const messagesOf = async (desk: LogsDesk, input: Partial<Parameters<LogsDesk['tail']>[0]>) =>
  (await desk.tail({ file: 'app.log', ...ALL, ...input })).lines.map(({ message }) => message)

describe('the newest lines of a log', () => {
  it('are what the logger wrote, oldest first, and lines of other programs as they stand', async () => {
    const folder = tempTree({})
    const logger = createFileLogger({ folder, name: 'app', level: 'debug' })
    logger.child('chain').log('warn', 'no block', { height: 12n, url: 'x', ok: false })
    appendFileSync(join(folder, 'app.log'), 'node:internal Error: boom\n\n{"level":"info"\n')
    const { lines, isCut } = await deskOf(folder).tail({ file: 'app.log', ...ALL })
    expect(isCut).toBe(false)
    expect(lines.map(({ at: _at, ...line }) => line)).toEqual([
      { level: 'warn', scope: 'app.chain', message: 'no block', fields: { height: '12', url: 'x', ok: false } },
      { level: 'error', scope: '', message: 'node:internal Error: boom', fields: {} },
      { level: 'info', scope: '', message: '{"level":"info"', fields: {} },
    ])
  })

  it('are filtered by level and by a text of message, scope or fields, whatever its case', async () => {
    const folder = tempTree({})
    const logger = createFileLogger({ folder, name: 'app', level: 'debug' })
    logger.log('debug', 'one')
    logger.child('Peers').log('info', 'two')
    logger.log('error', 'three', { code: 'disk_full' })
    const desk = deskOf(folder)
    expect(await messagesOf(desk, { level: 'info' })).toEqual(['two', 'three'])
    expect(await messagesOf(desk, { contains: 'pEERS' })).toEqual(['two'])
    expect(await messagesOf(desk, { contains: 'code=DISK' })).toEqual(['three'])
    expect(await messagesOf(desk, { contains: 'nothing' })).toEqual([])
  })

  it('are as many as were asked for, over the borders of what is read at once', async () => {
    const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index} ${'ü'.repeat(1 + (index % 90))}`)
    const desk = deskOf(tempTree({ 'app.log': `${lines.join('\n')}\n` }))
    expect(await messagesOf(desk, { lines: 3 })).toEqual(lines.slice(-3))
    expect(await messagesOf(desk, {})).toEqual(lines.slice(-500))
    const first = await desk.tail({ file: 'app.log', ...ALL, contains: 'line 7 ' })
    expect(first).toMatchObject({ lines: [{ message: lines[7] }], isCut: false })
    expect((await desk.tail({ file: 'app.log', ...ALL, lines: 3 })).isCut).toBe(true)
    expect((await desk.tail({ file: 'app.log', ...ALL, lines: 500, contains: 'line 49' })).isCut).toBe(false)
  })

  it('fit into a message and their schema, whatever the file holds', async () => {
    const huge = `${'x'.repeat(300_000)}\n`
    const long = Array.from({ length: 900 }, () => JSON.stringify({ level: 'info', message: 'ß'.repeat(2_000) })).join(
      '\n',
    )
    const desk = deskOf(tempTree({ 'app.log': `${huge}${long}\n${huge}last` }))
    const { lines, isCut } = await desk.tail({ file: 'app.log', ...ALL })
    expect(isCut).toBe(true)
    expect(lines.at(-1)?.message).toBe('last')
    expect(lines.every(({ message }) => !message.startsWith('x'))).toBe(true)
    expect(Buffer.byteLength(JSON.stringify(lines))).toBeLessThan(MAX_MESSAGE_BYTES)
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ maxLength: 400, unit: 'binary' }), fc.json()), async (text) => {
        const folder = tempTree({ 'app.log': text })
        const tail = await deskOf(folder).tail({ file: 'app.log', ...ALL })
        for (const line of tail.lines) {
          logLineSchema.parse(line)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('are never of a file outside of the folder, nor of one that is no log', async () => {
    const folder = tempTree({
      'logs/app.log': 'x',
      'logs/key.json': 'secret',
      'secret.log': 'secret',
      'logs/d.log/x': '',
    })
    const logs = join(folder, 'logs')
    symlinkSync(join(folder, 'secret.log'), join(logs, 'link.log'))
    const desk = deskOf(logs)
    expect((await desk.info()).files.map(({ name }) => name)).toEqual(['app.log'])
    for (const file of [
      '../secret.log',
      'key.json',
      'link.log',
      'd.log',
      '..',
      '',
      '.log',
      `${logs}/app.log`,
      'none.log',
    ]) {
      await expect(desk.tail({ file, ...ALL }), file).rejects.toMatchObject({ code: 'not_found' })
    }
  })
})

describe('the list of logs', () => {
  it('has the newest first, and is empty before anything was logged', async () => {
    const folder = tempTree({ 'app.log': '12', 'node.log.1': '1' })
    expect((await deskOf(folder).info()).files.map(({ name, sizeBytes }) => [name, sizeBytes])).toHaveLength(2)
    expect(await deskOf(join(folder, 'none')).info()).toEqual({ folder: join(folder, 'none'), files: [] })
  })
})

describe('the report', () => {
  it('has what is known, and goes without what fails', async () => {
    const folder = tempTree({ 'app.log': '{"level":"warn","message":"disk low"}\n' })
    writeFileSync(join(folder, 'key.json'), 'secret')
    const whole = await deskOf(folder).report(new AbortController().signal)
    expect(whole.name).toBe('tailrace-report-2026-01-02-03-04.txt')
    expect(whole.text).toContain('## Log app.log (38 bytes)\n- warn disk low')
    expect(whole.text).not.toContain('secret')
    const fails = async () => Promise.reject(new Error('broken'))
    const rest = await deskOf(folder, { readings: fails, doctor: fails }).report(new AbortController().signal)
    expect(rest.text).toContain('## Machine\nnot read')
    expect(rest.text).toContain('warn disk low')
  })
})
