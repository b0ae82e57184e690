/** The command line of `tailrace`, decoded: node:util's parser for the form, zod for the values. */
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { CodedError } from '../lib/coded-error.ts'

const PORT = z.coerce.number().int().min(0).max(65_535)
const HOME = z.string().min(1).max(1_024)
const ADDRESS = z.string().startsWith('/').max(256)

const START = z.strictObject({
  home: HOME.optional(),
  'screen-port': PORT.optional(),
  'rpc-port': PORT.default(0),
  'no-open': z.boolean().default(false),
  'allow-software-adapter': z.boolean().default(false),
  reset: z.boolean().default(false),
  json: z.boolean().default(false),
  yes: z.boolean().default(false),
})
const NODE = z.strictObject({ home: HOME, 'rpc-port': PORT.default(26_657) })
const HOST = z.strictObject({
  home: HOME,
  rpc: z.url().max(256),
  listen: z.array(ADDRESS).max(8).default([]),
  bootstrap: z.array(ADDRESS).max(32).default([]),
  moniker: z.string().max(64).default(''),
  shape: z.enum(['dev', 'std']).default('dev'),
  /** Folder in which model files are kept. */
  models: HOME.optional(),
  'duty-ppm': z.coerce.number().int().min(1).max(1_000_000).default(1_000_000),
  join: z.boolean().default(false),
})

const GATEWAY = z.strictObject({
  home: HOME,
  rpc: z.url().max(256),
  port: PORT.default(8_080),
  listen: z.array(ADDRESS).max(8).default([]),
  bootstrap: z.array(ADDRESS).max(32).default([]),
  models: HOME.optional(),
})
const AMOUNT = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,14})$/, 'must be a whole number of utail')
  .transform((text) => BigInt(text))
const KEY_CREATE = z.strictObject({
  home: HOME,
  rpc: z.url().max(256),
  amount: AMOUNT.default(10_000_000n),
  model: z.array(z.string().max(64)).max(16).default([]),
  'max-price': AMOUNT.default(0n),
  limit: AMOUNT.default(0n),
  'expiry-blocks': z.coerce.number().int().min(1).max(100_000_000).default(6_307_200),
  json: z.boolean().default(false),
})
const RECEIPT_VERIFY = z.strictObject({ rpc: z.url().max(256).optional(), json: z.boolean().default(false) })

export type StartArguments = z.infer<typeof START>
export type NodeArguments = z.infer<typeof NODE>
export type HostArguments = z.infer<typeof HOST>
export type GatewayArguments = z.infer<typeof GATEWAY>
export type KeyCreateArguments = z.infer<typeof KEY_CREATE>
export type ReceiptVerifyArguments = z.infer<typeof RECEIPT_VERIFY> & { readonly file: string }

export type Command =
  | { readonly name: 'start'; readonly args: StartArguments }
  | { readonly name: 'node'; readonly args: NodeArguments }
  | { readonly name: 'host'; readonly args: HostArguments }
  | { readonly name: 'gateway'; readonly args: GatewayArguments }
  | { readonly name: 'key create'; readonly args: KeyCreateArguments }
  | { readonly name: 'receipt verify'; readonly args: ReceiptVerifyArguments }
  | { readonly name: 'help' }
  | { readonly name: 'version' }

const OPTIONS = {
  home: { type: 'string' },
  'screen-port': { type: 'string' },
  'rpc-port': { type: 'string' },
  'no-open': { type: 'boolean' },
  'allow-software-adapter': { type: 'boolean' },
  reset: { type: 'boolean' },
  json: { type: 'boolean' },
  yes: { type: 'boolean' },
  rpc: { type: 'string' },
  listen: { type: 'string', multiple: true },
  bootstrap: { type: 'string', multiple: true },
  moniker: { type: 'string' },
  shape: { type: 'string' },
  'duty-ppm': { type: 'string' },
  join: { type: 'boolean' },
  port: { type: 'string' },
  models: { type: 'string' },
  amount: { type: 'string' },
  model: { type: 'string', multiple: true },
  'max-price': { type: 'string' },
  limit: { type: 'string' },
  'expiry-blocks': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const

/** @throws CodedError `bad_usage` with a sentence that names the argument. */
export function parseCommand(argv: readonly string[]): Command {
  const { values, positionals } = parseForm(argv)
  const [name = 'help', ...rest] = positionals
  const { help, version, ...given } = values
  if (version === true || name === 'version') {
    return { name: 'version' }
  }
  if (help === true || name === 'help') {
    return { name: 'help' }
  }
  if (name === 'key' || name === 'receipt') {
    return parseNounVerb(name, rest, given)
  }
  if (rest.length > 0) {
    throw new CodedError('bad_usage', `unexpected argument "${rest[0]}"`)
  }
  switch (name) {
    case 'start':
      return { name, args: decode(START, given) }
    case 'node':
      return { name, args: decode(NODE, given) }
    case 'host':
      return { name, args: decode(HOST, given) }
    case 'gateway':
      return { name, args: decode(GATEWAY, given) }
    default:
      throw new CodedError('bad_usage', `unknown command "${name}"`)
  }
}

function parseNounVerb(noun: 'key' | 'receipt', rest: readonly string[], given: unknown): Command {
  const [verb = '', file, ...more] = rest
  if (noun === 'key' && verb === 'create' && file === undefined) {
    return { name: 'key create', args: decode(KEY_CREATE, given) }
  }
  if (noun === 'receipt' && verb === 'verify' && file !== undefined && more.length === 0) {
    return { name: 'receipt verify', args: { ...decode(RECEIPT_VERIFY, given), file } }
  }
  throw new CodedError(
    'bad_usage',
    noun === 'key' ? 'usage: tailrace key create' : 'usage: tailrace receipt verify FILE',
  )
}

function parseForm(
  argv: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true })
  } catch (cause) {
    throw new CodedError('bad_usage', cause instanceof Error ? cause.message : 'bad arguments', { cause })
  }
}

function decode<T>(schema: z.ZodType<T>, given: unknown): T {
  const parsed = schema.safeParse(given)
  if (parsed.success) {
    return parsed.data
  }
  const [issue] = parsed.error.issues
  const where = issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue?.path.join('.')
  throw new CodedError('bad_usage', `--${where}: ${issue?.message ?? 'not valid'}`)
}
