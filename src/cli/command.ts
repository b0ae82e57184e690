/**
 * How a command is declared: once, with its name, its options and their schemas, its examples and what it runs. Parser and help are
 * derived from it. Invariant: `run` gets values that its schemas let through, and returns the exit code (0 done, 1 failed).
 * Read next: commands.ts (all of them), arguments.ts (the parser), help.ts.
 */
import { z } from 'zod'
import { CodedError } from '../lib/coded-error.ts'
import type { CliContext } from './context.ts'

export interface OptionSpec<Value> {
  readonly schema: z.ZodType<Value>
  /** What stands for the value in the help; absent: a switch. */
  readonly value?: string
  readonly isMany?: boolean
  readonly summary: string
}

export interface PositionalSpec<Value> {
  readonly schema: z.ZodType<Value>
  /** Takes all that is left; the schema is of a list. */
  readonly isRest?: boolean
  readonly summary: string
}

type AnyOptions = Readonly<Record<string, OptionSpec<unknown>>>
type AnyPositionals = Readonly<Record<string, PositionalSpec<unknown>>>

type ValuesOf<Specs extends Readonly<Record<string, { readonly schema: z.ZodType }>>> = {
  readonly [Name in keyof Specs]: z.infer<Specs[Name]['schema']>
}
export type ArgumentsOf<Options extends AnyOptions, Positionals extends AnyPositionals> = ValuesOf<Options> &
  ValuesOf<Positionals>

export interface CommandSpec<Options extends AnyOptions, Positionals extends AnyPositionals> {
  /** One or two words: `status`, `receipt show`. */
  readonly name: string
  readonly summary: string
  /** Further sentences for its own help. */
  readonly details?: string
  readonly group: CommandGroup
  readonly options: Options
  readonly positionals: Positionals
  readonly examples: readonly string[]
  /** Procedures of the contract that it reaches (commands.test.ts runs them and compares). */
  readonly reaches?: readonly string[]
  readonly run: (args: ArgumentsOf<Options, Positionals>, context: CliContext) => Promise<number>
}

export const COMMAND_GROUPS = {
  application: 'The application',
  earning: 'Earning',
  machine: 'This computer',
  wallet: 'Wallet',
  developer: 'Developers',
  processes: 'Processes of a network',
} as const
export type CommandGroup = keyof typeof COMMAND_GROUPS

/** A declared command as parser and help see it. */
export interface Command {
  readonly name: string
  readonly summary: string
  readonly details: string
  readonly group: CommandGroup
  readonly options: AnyOptions
  readonly positionals: AnyPositionals
  readonly examples: readonly string[]
  readonly reaches: readonly string[]
  /** @throws CodedError `bad_usage` before anything runs. */
  bind(options: unknown, positionals: readonly string[]): (context: CliContext) => Promise<number>
}

export function defineCommand<Options extends AnyOptions, Positionals extends AnyPositionals>(
  spec: CommandSpec<Options, Positionals>,
): Command {
  const shape = { ...spec.options, ...spec.positionals }
  const schema = z.strictObject(Object.fromEntries(Object.entries(shape).map(([name, one]) => [name, one.schema])))
  return {
    ...spec,
    details: spec.details ?? '',
    reaches: spec.reaches ?? [],
    bind(options, positionals) {
      const given = { ...(options as Record<string, unknown>), ...placed(spec, positionals) }
      const args = decode(spec, schema, given) as ArgumentsOf<Options, Positionals>
      return (context) => spec.run(args, context)
    },
  }
}

type AnySpec = Pick<CommandSpec<AnyOptions, AnyPositionals>, 'name' | 'options' | 'positionals'>

function placed(spec: AnySpec, positionals: readonly string[]): Record<string, unknown> {
  const left = [...positionals]
  const values: Record<string, unknown> = {}
  for (const [name, { isRest }] of Object.entries(spec.positionals)) {
    values[name] = isRest === true ? left.splice(0) : left.shift()
  }
  if (left[0] !== undefined) {
    throw new CodedError('bad_usage', `unexpected argument “${left[0].slice(0, 64)}”`, {
      fields: { command: spec.name },
    })
  }
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

function decode(spec: AnySpec, schema: z.ZodType, given: Record<string, unknown>): unknown {
  const parsed = schema.safeParse(given)
  if (parsed.success) {
    return parsed.data
  }
  const [issue] = parsed.error.issues
  const name = String(issue?.path[0] ?? '')
  const isOption = Object.hasOwn(spec.options, name)
  const said = isOption ? `--${name}` : name.toUpperCase()
  const message = given[name] === undefined ? 'is missing' : (issue?.message ?? 'is not valid')
  throw new CodedError('bad_usage', `${said}: ${message}`, { fields: { command: spec.name } })
}
