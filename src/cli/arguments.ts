/**
 * The command line of `tailrace`, decoded: node:util's parser for the form, then the schemas of the one command that was named.
 * Invariant: nothing runs before every argument fits.
 */
import { parseArgs } from 'node:util'
import { CodedError } from '../lib/coded-error.ts'
import type { Command } from './command.ts'
import type { CliContext } from './context.ts'
import { closestTo } from './did-you-mean.ts'

export type ParsedLine =
  | { readonly kind: 'run'; readonly command: Command; readonly run: (context: CliContext) => Promise<number> }
  /** `about` names a command or the first word of some; absent: all. */
  | { readonly kind: 'help'; readonly about: string | undefined }
  | { readonly kind: 'version' }

interface Form {
  readonly values: Readonly<Record<string, unknown>>
  readonly positionals: readonly string[]
}

/** @throws CodedError `bad_usage` with a sentence that names the argument; fields.command where one was named. */
export function parseCommand(argv: readonly string[], commands: readonly Command[]): ParsedLine {
  const { values, positionals } = parseForm(argv, commands)
  const { help, ...given } = values
  const [word] = positionals
  if (given.version === true || word === 'version') {
    return { kind: 'version' }
  }
  if (word === undefined || word === 'help') {
    return { kind: 'help', about: positionals.slice(1, 3).join(' ') || undefined }
  }
  const found = findCommand(positionals, commands)
  if (help === true) {
    return { kind: 'help', about: found?.name ?? word }
  }
  if (found === undefined) {
    throw unknownCommand(positionals, commands)
  }
  const run = found.bind(optionsOf(found, given), positionals.slice(found.name.split(' ').length))
  return { kind: 'run', command: found, run }
}

/** The longest name that the line begins with. */
export function findCommand(words: readonly string[], commands: readonly Command[]): Command | undefined {
  const named = (length: number): Command | undefined =>
    words.length < length ? undefined : commands.find(({ name }) => name === words.slice(0, length).join(' '))
  return named(2) ?? named(1)
}

/** What the command does not know is refused; where an option may be given once, the last one counts. */
function optionsOf(command: Command, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const option = command.options[name]
      if (option === undefined) {
        throw new CodedError('bad_usage', `\`tailrace ${command.name}\` has no option --${name}`, {
          fields: { command: command.name },
        })
      }
      return [name, Array.isArray(value) && option.isMany !== true ? value.at(-1) : value]
    }),
  )
}

function parseForm(argv: readonly string[], commands: readonly Command[]): Form {
  const all = new Map(commands.flatMap(({ options }) => Object.entries(options)))
  const config = Object.fromEntries(
    [...all].map(([name, option]) => [
      name,
      option.value === undefined ? { type: 'boolean' as const } : { type: 'string' as const, multiple: true },
    ]),
  )
  const version = hasOwnVersion(argv, commands) ? (config.version ?? SWITCH) : SWITCH
  const options = { ...config, help: { ...SWITCH, short: 'h' }, version } as const
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true })
  } catch (cause) {
    throw new CodedError('bad_usage', formFault(cause, [...all.keys()]), { cause })
  }
}

const SWITCH = { type: 'boolean' } as const

/** Of most commands `--version` asks for the program's; one that has an option of that name is named in the line as it is. */
function hasOwnVersion(argv: readonly string[], commands: readonly Command[]): boolean {
  const line = ` ${argv.join(' ')} `
  return commands.some(({ name, options }) => options.version !== undefined && line.includes(` ${name} `))
}

function formFault(cause: unknown, names: readonly string[]): string {
  const [sentence = ''] = (cause instanceof Error ? cause.message : 'bad arguments').split('. ')
  const [, unknown] = /^Unknown option '--?([^']*)'/.exec(sentence) ?? []
  const closest = unknown === undefined ? undefined : closestTo(unknown, names)
  return closest === undefined ? sentence : `${sentence}. Did you mean --${closest}?`
}

function unknownCommand(words: readonly string[], commands: readonly Command[]): CodedError {
  const [noun = '', verb = ''] = words
  const verbs = commands
    .filter(({ name }) => name.startsWith(`${noun} `))
    .map(({ name }) => name.slice(noun.length + 1))
  if (verbs.length > 0) {
    const closest = closestTo(verb, verbs)
    const hint = closest === undefined ? '' : ` Did you mean \`tailrace ${noun} ${closest}\`?`
    return new CodedError('bad_usage', `\`tailrace ${noun}\` needs one of: ${verbs.join(', ')}.${hint}`, {
      fields: { command: noun },
    })
  }
  const firstWords = [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? name)), 'help', 'version']
  const closest = closestTo(noun, firstWords)
  const hint = closest === undefined ? '' : ` Did you mean \`tailrace ${closest}\`?`
  return new CodedError('bad_usage', `unknown command “${noun.slice(0, 64)}”.${hint}`)
}
