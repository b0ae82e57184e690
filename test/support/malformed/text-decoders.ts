/** The decoders of text from strangers and from disks that fail: receipts, manifests, geneses, keys, settings, JSON-RPC. */
import { readFileSync } from 'node:fs'
import { decodeGenesis, encodeGenesis } from '../../../src/chain-node/genesis-file.ts'
import { parseQuery } from '../../../src/chain-node/rpc/event-query.ts'
import { decodeBody, RpcError } from '../../../src/chain-node/rpc/json-rpc.ts'
import { decodeEvents, decodeResult, encodeResult } from '../../../src/chain-node/stored-result.ts'
import { createValidatorKey, decodeValidatorKey, encodeValidatorKey } from '../../../src/chain-node/validator-key.ts'
import { readOfferedSession, takeToken } from '../../../src/ipc/handshake.ts'
import { DEFAULT_SETTINGS } from '../../../src/ipc/wires/settings-wire.ts'
import { WALLET_PATH } from '../../../src/ipc/wires/wallet-wire.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import { decodeKeyFile, encodeKeyFile } from '../../../src/main/keys/key-file.ts'
import { fitLine, parseLogLine } from '../../../src/main/logs/log-line.ts'
import { parseReady } from '../../../src/main/network/ready-line.ts'
import { decodeSettings } from '../../../src/main/settings/settings-file.ts'
import { readEnvironment } from '../../../src/main/settings/settings-store.ts'
import { SYSTEM_RNG } from '../../../src/main/system.ts'
import { decodeWalletFile, encodeWalletFile, WALLET_FILE_VERSION } from '../../../src/main/wallet/envelope.ts'
import { decodeManifest } from '../../../src/models/manifest.ts'
import { tryDecodeAddress } from '../../../src/protocol/address.ts'
import { ReceiptBundle } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { encodeParams, PUBLIC_PARAMS } from '../../../src/protocol/params.ts'
import { decodeParams } from '../../../src/protocol/params-codec.ts'
import { publicKeyOf } from '../../../src/protocol/signature.ts'
import { decodeBundle, encodeBundle, verifyBundle } from '../../../src/protocol/work/bundle.ts'
import { createApiKey, sessionKeyOf } from '../../../src/protocol/work/session.ts'
import { hostNamed, testGenesis } from '../chain/chain-harness.ts'
import { TEST_MODEL } from '../chain/chain-work.ts'
import { makeOrder, makeReceipt, makeVoucher, secretsOf, testKey } from '../work/fixtures.ts'
import type { Random } from './bend-bytes.ts'
import { bentBytes, pick } from './bend-bytes.ts'
import { bentText, bentValue } from './bend-values.ts'
import type { Decoder } from './decode-many.ts'

function textDecoder(
  name: string,
  valid: readonly unknown[],
  codes: readonly string[],
  decode: (text: string) => unknown,
): Decoder {
  return { name, codes, decode, input: (random: Random) => bentText(random, valid) }
}

function whaleManifest(): unknown {
  return JSON.parse(readFileSync(new URL('../../../models/whale-0.9m/manifest.json', import.meta.url), 'utf8'))
}

/** A receipt with all its parts; its root is not one of a chain. */
function sampleBundle(): ReceiptBundle {
  const payer = testKey('payer')
  const executor = secretsOf('ada')
  const made = makeOrder(payer, { prompt: [1, 2, 3], maxTokens: 8 })
  const receipt = makeReceipt(made, executor)
  const price = receipt.receipt.receipt?.price ?? 0n
  return ReceiptBundle.fromPartial({
    chainId: made.order.chainId,
    sessionPubkey: publicKeyOf(payer.secret),
    devicePubkey: publicKeyOf(executor.device),
    opening: {
      index: 0,
      leaf: {
        orderHash: made.hash,
        payer: payer.bytes,
        from: 0n,
        to: price,
        promptTokens: 3,
        outputTokens: 3,
        receiptHash: receipt.hash,
      },
      path: [],
      order: made.signed,
      receipt: receipt.receipt,
    },
    voucher: makeVoucher(payer, made, receipt, price),
    batch: 3n,
    root: new Uint8Array(32).fill(4),
    sum: price,
    leaves: 1,
    height: 9n,
    txHash: 'AB'.repeat(32),
    data: { ...receipt.data, scores: new Uint8Array(0) },
  })
}

function bundleDecoders(): readonly Decoder[] {
  const bundle = sampleBundle()
  const text = encodeBundle(bundle)
  const file = JSON.parse(text) as { bundle: string }
  const bytes = Uint8Array.from(Buffer.from(file.bundle, 'base64'))
  let decoded = 0
  const decode = (wrong: string): void => {
    const taken = decodeBundle(wrong)
    decoded += 1
    // Three signatures: a tenth of what was taken shows as much.
    if (decoded % 10 === 1) {
      verifyBundle(taken)
    }
  }
  decode(text)
  return [
    textDecoder('receipt file', [file], ['malformed_bundle'], decode),
    {
      name: 'bytes of a receipt',
      codes: ['malformed_bundle'],
      input: (random) =>
        JSON.stringify({ ...file, bundle: Buffer.from(bentBytes(random, [bytes])).toString('base64') }),
      decode,
    },
  ]
}

const RESULT = {
  code: 0,
  codespace: '',
  log: '',
  data: Uint8Array.of(1),
  gasWanted: 1n,
  gasUsed: 2n,
  events: [{ type: 'transfer', attributes: [{ key: 'sender', value: 'x' }] }],
}
const GENESIS = testGenesis({ hosts: ['ada', 'bob'].map(hostNamed), models: [TEST_MODEL] })
const VALIDATOR = encodeValidatorKey(createValidatorKey(SYSTEM_RNG))
const RPC_REQUEST = { jsonrpc: '2.0', id: 1, method: 'abci_query', params: { path: '/x', data: '00', prove: false } }
const MACHINE_KEYS: unknown = JSON.parse(
  encodeKeyFile({
    owner: testKey('ada').address,
    deviceKey: testKey('ada').secret,
    peerKey: new Uint8Array(32).fill(5),
  }),
)
const WALLET_FILE: unknown = JSON.parse(
  encodeWalletFile({
    version: WALLET_FILE_VERSION,
    address: testKey('ada').address,
    publicKey: toHex(publicKeyOf(testKey('ada').secret)),
    path: WALLET_PATH,
    wordCount: 0,
    isStarter: true,
    isBackedUp: false,
    protection: 'none',
    secret: toHex(testKey('ada').secret),
  }),
)
const SETTINGS = { version: 1, ...DEFAULT_SETTINGS }
const VARIABLES = [
  'TAILRACE_DUTY',
  'TAILRACE_MODELS',
  'TAILRACE_SCREEN_PORT',
  'TAILRACE_LOG_LEVEL',
  'TAILRACE_AUTOSTART',
]

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

/** A refusal of the RPC is a value that becomes an error object: here it is given the form of the other decoders. */
function refusing(decode: (text: string) => unknown): (text: string) => unknown {
  return (text) => {
    try {
      return decode(text)
    } catch (error) {
      throw error instanceof RpcError ? new CodedError(`rpc_${error.kind}`, error.detail) : error
    }
  }
}

export const TEXT_DECODERS: readonly Decoder[] = [
  ...bundleDecoders(),
  textDecoder('model manifest', [whaleManifest()], ['invalid_manifest'], decodeManifest),
  textDecoder('genesis', [JSON.parse(encodeGenesis(GENESIS))], ['invalid_genesis'], decodeGenesis),
  textDecoder('parameters', [JSON.parse(encodeParams(PUBLIC_PARAMS))], ['malformed_params'], decodeParams),
  // Each makes the public half of a BLS key.
  {
    ...textDecoder('validator key', [JSON.parse(VALIDATOR)], ['validator_key_damaged'], (text) =>
      decodeValidatorKey(text, 'priv_validator_key.json'),
    ),
    every: 20,
  },
  textDecoder('wallet', [WALLET_FILE], ['damaged_file', 'newer_data'], (text) => decodeWalletFile(text)),
  textDecoder('keys of a machine', [MACHINE_KEYS], ['damaged_file', 'newer_data'], (text) => decodeKeyFile(text)),
  textDecoder('ready line of a child', [{ event: 'ready', role: 'node', rpc: 'http://127.0.0.1:1' }], [], parseReady),
  textDecoder('line of a log', [{ at: '2026-01-01T00:00:00.000Z', level: 'info', message: 'x', n: 1 }], [], (text) => {
    const line = parseLogLine(text)
    return line && fitLine(line)
  }),
  textDecoder('settings', [SETTINGS], ['settings_damaged', 'newer_data'], (text) =>
    decodeSettings(text, 'settings.json'),
  ),
  textDecoder('stored result', [JSON.parse(encodeResult(RESULT))], ['store_damaged'], decodeResult),
  textDecoder('stored events', [RESULT.events], ['store_damaged'], decodeEvents),
  // Refusals of JSON-RPC are answers.
  textDecoder('JSON-RPC body', [RPC_REQUEST, [RPC_REQUEST, RPC_REQUEST]], [], decodeBody),
  textDecoder(
    'event query',
    ["tm.event='Tx' AND tx.height>5 AND transfer.sender='x'"],
    ['rpc_params'],
    refusing(parseQuery),
  ),
  textDecoder('address', ['tail1qqqsyqcyq5rqwzqfpg9scrgwpugpzysn3x9zyf'], [], tryDecodeAddress),
  textDecoder('API key', [createApiKey(new Uint8Array(32).fill(3))], [], sessionKeyOf),
  textDecoder('subprotocols of a page', ['tailrace.v1, session.00'], [], readOfferedSession),
  textDecoder('fragment of a link', ['#token=00&x=1'], [], takeToken),
  {
    name: 'environment',
    codes: ['bad_environment'],
    input: (random) => ({
      [pick(random, VARIABLES)]: textOf(bentValue(random, ['50', 'whale-0.9m', '7345', 'info', 'true'])),
    }),
    decode: (env: Record<string, string>) => readEnvironment(env),
  },
]
