/** The help of `tailrace`, from what the commands declare. */
import { CodedError } from '../lib/coded-error.ts'
import type { Command, OptionSpec, PositionalSpec } from './command.ts'
import { COMMAND_GROUPS } from './command.ts'
import { pairs } from './layout.ts'

const EXIT_CODES = 'Exit codes: 0 done, 1 failed, 2 bad usage.'

/** All commands by group. */
function overview(commands: readonly Command[]): string {
  const groups = Object.entries(COMMAND_GROUPS).map(([group, title]) => {
    const rows = commands.filter((command) => command.group === group)
    return `${title}\n${indented(pairs(rows.map(({ name, summary }) => [name, summary])))}`
  })
  return [
    'tailrace — join a network that pays for proven GPU work',
    'Usage: tailrace COMMAND [options]',
    ...groups,
    'More: `tailrace help COMMAND`. Most commands take --json and --home DIR; those that ask take --yes.',
    'Settings come from flags, then TAILRACE_… variables, then settings.json (`tailrace settings get`).',
    EXIT_CODES,
  ].join('\n\n')
}

/** @throws CodedError `bad_usage` where nothing has that name */
export function helpFor(commands: readonly Command[], about: string | undefined): string {
  const text = about === undefined ? overview(commands) : helpAbout(commands, about)
  if (text === undefined) {
    throw new CodedError('bad_usage', `there is no command “${about?.slice(0, 64)}”`)
  }
  return text
}

/** Everything about one command, or, for the first word of several, about those. */
function helpAbout(commands: readonly Command[], about: string): string | undefined {
  const exact = commands.find(({ name }) => name === about)
  const family = commands.filter(({ name }) => name.startsWith(`${about} `))
  if (exact === undefined && family.length === 0) {
    return undefined
  }
  const more = family.length === 0 ? [] : [indented(pairs(family.map(({ name, summary }) => [name, summary])))]
  return [...(exact === undefined ? [`tailrace ${about} …`] : [helpOf(exact)]), ...more].join('\n\n')
}

function helpOf({ name, summary, details, options, positionals, examples }: Command): string {
  const words = Object.entries(positionals).map(usageOf)
  const usage = ['tailrace', name, ...words, ...(Object.keys(options).length === 0 ? [] : ['[options]'])].join(' ')
  const places = Object.entries(positionals).map(([word, spec]) => [word.toUpperCase(), spec.summary] as const)
  const rows = Object.entries(options).map(optionRow)
  return [
    `${capital(summary)}.`,
    `Usage: ${usage}`,
    ...(details === '' ? [] : [details]),
    ...(places.length === 0 ? [] : [indented(pairs(places))]),
    ...(rows.length === 0 ? [] : [`Options\n${indented(pairs(rows))}`]),
    `Examples\n${indented(examples.join('\n'))}`,
    EXIT_CODES,
  ].join('\n\n')
}

function usageOf([word, { schema, isRest }]: [string, PositionalSpec<unknown>]): string {
  const name = `${word.toUpperCase()}${isRest === true ? ' …' : ''}`
  return schema.safeParse(undefined).success ? `[${name}]` : name
}

function optionRow([name, option]: [string, OptionSpec<unknown>]): readonly [string, string] {
  const fallback: unknown = option.schema.safeParse(undefined).data
  const isTelling =
    option.value !== undefined && ['string', 'number', 'bigint'].includes(typeof fallback) && fallback !== ''
  const required = option.value !== undefined && !option.schema.safeParse(undefined).success
  const notes = [
    ...(isTelling ? [`default ${String(fallback)}`] : []),
    ...(required ? ['needed'] : []),
    ...(option.isMany === true ? ['may be repeated'] : []),
  ]
  const label = option.value === undefined ? `--${name}` : `--${name} ${option.value}`
  return [label, notes.length === 0 ? option.summary : `${option.summary} (${notes.join(', ')})`]
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ')
}
