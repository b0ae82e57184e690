/** The gateway of this computer in its states, and what a developer does with it. */

import type { ScreenSnapshot } from '../../../../src/ipc/snapshot.ts'
import type { ReceiptVerdict } from '../../../../src/ipc/wires/developer-wire.ts'
import type { GatewaySnapshot, OrderWire } from '../../../../src/ipc/work-snapshot.ts'
import { RECEIPT_CHECKS } from '../../../../src/renderer/features/words/receipt-checks.ts'
import { COMPANION_ONE, COMPANION_TWO, SAMPLE_NOW_MS, SELF } from '../sample-snapshot.ts'
import type { Scene } from '../scene.ts'
import { CREDITED, TX } from './race-scenes.ts'
import { MODEL, orderHash, PAYER, WORK } from './work-scenes.ts'

function order(number: number, change: Partial<OrderWire>): OrderWire {
  return {
    orderHash: orderHash(number),
    atMs: SAMPLE_NOW_MS - (20 - number) * 11_000,
    model: MODEL,
    executor: SELF,
    skipped: [],
    state: 'done',
    promptTokens: 12,
    outputTokens: 64,
    price: '26800',
    errorCode: null,
    batch: null,
    ...change,
  }
}

const ORDERS: readonly OrderWire[] = [
  order(12, { batch: '12' }),
  order(11, { executor: COMPANION_ONE, skipped: [{ host: SELF, reason: 'busy' }] }),
  order(10, {
    executor: COMPANION_TWO,
    skipped: [
      { host: SELF, reason: 'busy' },
      { host: COMPANION_ONE, reason: 'timeout' },
    ],
    batch: '11',
  }),
  order(9, { state: 'failed', outputTokens: 0, price: '0', errorCode: 'executor_lost' }),
]

export const GATEWAY: GatewaySnapshot = {
  state: 'ready',
  baseUrl: 'http://127.0.0.1:8080/v1',
  apiKey: 'tr-7Qm2vX9wLk4sR8dN1pZc6yTf3hBj5gUa0eWi_oKxVtY',
  model: MODEL,
  escrow: { payer: PAYER, deposited: '100000000', available: '89624300', paid: '375700' },
  orders: [...ORDERS],
}

const READY: ScreenSnapshot = { ...CREDITED, work: WORK, gateway: GATEWAY }

export const VERIFIED: ReceiptVerdict = {
  state: 'verified',
  checks: Object.keys(RECEIPT_CHECKS).map((name) => ({
    name,
    result: name === 'voucher_covers_leaf' ? 'absent' : 'ok',
  })),
  batch: '12',
  txHash: TX,
}

const FAILED: ReceiptVerdict = {
  ...VERIFIED,
  state: 'failed',
  checks: VERIFIED.checks.map((check) =>
    check.name === 'tokens_are_the_receipts' || check.name === 'not_refunded' ? { ...check, result: 'failed' } : check,
  ),
}

const STREAMING = 'The sea was calm, and the whale was a whale of the sea, which the old man said was the very'

export const BUILD_SCENES: readonly Scene[] = [
  { name: '30-build-ready', page: 'build', snapshot: READY },
  { name: '31-build-verified', page: 'build', snapshot: READY, act: { kind: 'verify', verdict: VERIFIED } },
  { name: '32-build-unverified', page: 'build', snapshot: READY, act: { kind: 'verify', verdict: FAILED } },
  {
    name: '33-build-streaming',
    page: 'build',
    snapshot: {
      ...READY,
      gateway: {
        ...GATEWAY,
        orders: [
          order(14, { executor: '', state: 'drawing', outputTokens: 0, price: '0' }),
          order(13, { state: 'streaming', outputTokens: 21, price: '0' }),
          ...ORDERS,
        ],
      },
    },
    act: {
      kind: 'ask',
      prompt: 'The sea was calm, and',
      answer: STREAMING.split(' ').map((word) => ({ type: 'text', text: `${word} ` })),
    },
  },
  {
    name: '34-build-answered',
    page: 'build',
    snapshot: READY,
    act: {
      kind: 'ask',
      prompt: 'Call me Ishmael. Some years ago,\nnever mind how long precisely,',
      answer: [
        { type: 'text', text: 'I was a sailor of the ship, and the ship was a ship.' },
        {
          type: 'done',
          finish: 'length',
          orderHash: orderHash(15),
          executor: COMPANION_ONE,
          promptTokens: 12,
          outputTokens: 128,
          price: '53400',
        },
      ],
    },
  },
  {
    name: '35-build-refused',
    page: 'build',
    snapshot: READY,
    act: {
      kind: 'ask',
      prompt: 'And then?',
      answer: [{ type: 'failed', code: 'insufficient_quota', message: 'The escrow cannot pay.', fields: {} }],
    },
  },
  { name: '36-build-down', page: 'build', snapshot: { ...READY, gateway: { ...GATEWAY, state: 'down' } } },
  {
    name: '37-build-empty',
    page: 'build',
    snapshot: {
      ...READY,
      gateway: {
        ...GATEWAY,
        escrow: { payer: PAYER, deposited: '1000000', available: '0', paid: '900000' },
        orders: [],
      },
    },
  },
  {
    name: '38-build-starting',
    page: 'build',
    snapshot: { ...READY, gateway: { ...GATEWAY, state: 'starting', escrow: null, orders: [] } },
  },
  { name: '39-build-none', page: 'build', snapshot: { ...CREDITED, gateway: null } },
  {
    name: '40-build-long',
    page: 'build',
    snapshot: {
      ...READY,
      gateway: {
        ...GATEWAY,
        baseUrl: `http://127.0.0.1:8080/${'v'.repeat(200)}`,
        model: 'm'.repeat(64),
        apiKey: 'k'.repeat(64),
        escrow: { payer: PAYER, deposited: '9'.repeat(20), available: '9'.repeat(20), paid: '9'.repeat(20) },
        orders: ORDERS.map((each) => ({ ...each, model: 'm'.repeat(64), price: '9'.repeat(18) })),
      },
    },
    act: { kind: 'open', entry: 'order' },
  },
]
