/** `tailrace logs`: lines of a log file, which files there are, and the report file for whoever helps. */
import { z } from 'zod'
import type { ScreenClient } from '../../ipc/screen-client.ts'
import type { LogLine } from '../../ipc/wires/machine-wire.ts'
import { logLineSchema, logTailInputSchema, MAX_LOG_LINES } from '../../ipc/wires/machine-wire.ts'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import { defineCommand } from '../command.ts'
import type { CliContext, Terminal } from '../context.ts'
import { bytes, dateTime, table } from '../layout.ts'
import { flag, HOME, JSON_OUTPUT, OUTPUT_FILE, wholeNumber } from '../options.ts'
import { writeOutput } from '../output-file.ts'
import type { Style } from '../terminal.ts'
import { paint } from '../terminal.ts'
import { emit, withControl } from '../with-control.ts'

const FOLLOW_EVERY_MS = 500
const DEFAULT_FILE = 'app.log'

export const LOGS_COMMAND = defineCommand({
  name: 'logs',
  group: 'machine',
  summary: 'lines of a log file; --report writes a file without names, addresses, keys and paths',
  options: {
    home: HOME,
    json: JSON_OUTPUT,
    file: {
      schema: logTailInputSchema.shape.file.optional(),
      value: 'NAME',
      summary: `a name of --list (default ${DEFAULT_FILE})`,
    },
    lines: { schema: wholeNumber(1, MAX_LOG_LINES).default(50), value: 'N', summary: 'the newest N lines' },
    level: {
      schema: logLineSchema.shape.level.default('info'),
      value: 'LEVEL',
      summary: 'least level: debug, info, warn or error',
    },
    contains: { schema: z.string().max(128).default(''), value: 'TEXT', summary: 'only lines with this text' },
    follow: flag('go on with new lines until Ctrl-C'),
    list: flag('which files there are'),
    report: { ...OUTPUT_FILE, summary: 'write the report to this file' },
  },
  positionals: {},
  examples: [
    'tailrace logs --level warn',
    'tailrace logs --file node.log --follow',
    'tailrace logs --report tailrace-report.txt',
  ],
  reaches: ['logs.info', 'logs.tail', 'logs.report'],
  run: (args, context) =>
    withControl(context, args.home, async ({ client }) => {
      if (args.list) {
        return await list(client, args.json, context)
      }
      if (args.report !== undefined) {
        const { text } = await client.logs.report()
        writeOutput(args.report, text)
        emit(context, args.json, { file: args.report }, () => `Written to ${args.report}. Read it before you send it.`)
        return 0
      }
      const { level, contains } = args
      const input = { file: args.file ?? (await defaultFile(client)), level, contains }
      const { lines, isCut } = await client.logs.tail({ ...input, lines: args.lines })
      if (args.follow) {
        show(lines, args.json, context.terminal)
        await follow(client, { ...input, lines: MAX_LOG_LINES }, lines, args.json, context)
        return 0
      }
      const text = (): string => lines.map((line) => lineText(line, context.terminal)).join('\n')
      emit(context, args.json, { file: input.file, lines, isCut }, lines.length === 0 ? () => 'No such line.' : text)
      return 0
    }),
})

/** The application’s own where there is one, else the newest. @throws CodedError `not_found` */
async function defaultFile(client: ScreenClient): Promise<string> {
  const { files } = await client.logs.info()
  const name = files.find((file) => file.name === DEFAULT_FILE)?.name ?? files[0]?.name
  if (name === undefined) {
    throw new CodedError('not_found', 'there is no log file yet')
  }
  return name
}

async function list(client: ScreenClient, isJson: boolean, context: CliContext): Promise<number> {
  const info = await client.logs.info()
  emit(context, isJson, info, () => {
    const rows = info.files.map((file) => [file.name, bytes(file.sizeBytes), dateTime(file.modifiedAtMs)])
    return `${table(['FILE', '>SIZE', 'LAST LINE'], rows)}\nFolder: ${info.folder}`
  })
  return 0
}

/** Asks again and shows what comes behind the last line that was shown. */
async function follow(
  client: ScreenClient,
  input: Parameters<ScreenClient['logs']['tail']>[0],
  shown: readonly LogLine[],
  isJson: boolean,
  { clock, signal, terminal }: CliContext,
): Promise<void> {
  let before = shown.map(keyOf)
  while (!signal.aborted) {
    try {
      await clock.sleep(FOLLOW_EVERY_MS, signal)
    } catch (error) {
      if (signal.aborted || errorCode(error) === 'aborted') {
        return
      }
      throw error
    }
    const { lines } = await client.logs.tail(input)
    const keys = lines.map(keyOf)
    const from = behindLast(before, keys)
    show(lines.slice(from), isJson, terminal)
    before = keys.length === 0 ? before : keys
  }
}

/** Where the lines begin that were not there before: behind the longest end of the old ones that the new ones hold. */
export function behindLast(before: readonly string[], now: readonly string[]): number {
  const last = before.at(-1)
  if (last === undefined) {
    return 0
  }
  for (let index = now.length - 1; index >= 0; index--) {
    const length = Math.min(before.length, index + 1, 3)
    const isSame = Array.from({ length }, (_value, back) => now[index - back] === before[before.length - 1 - back])
    if (isSame.every(Boolean)) {
      return index + 1
    }
  }
  return 0
}

function keyOf(line: LogLine): string {
  return JSON.stringify(line)
}

function show(lines: readonly LogLine[], isJson: boolean, terminal: Terminal): void {
  for (const line of lines) {
    terminal.out(isJson ? JSON.stringify(line) : lineText(line, terminal))
  }
}

const LEVEL_STYLES: Readonly<Record<LogLine['level'], Style>> = {
  debug: 'dim',
  info: 'dim',
  warn: 'yellow',
  error: 'red',
}

function lineText({ at, level, scope, message, fields }: LogLine, terminal: Terminal): string {
  const rest = Object.entries(fields)
    .map(([name, value]) => ` ${name}=${String(value)}`)
    .join('')
  const text = `${at} ${level.padEnd(5)} ${scope}: ${message}${rest}`.replaceAll(/\p{Cc}/gu, '�')
  return paint(terminal, LEVEL_STYLES[level], text)
}
