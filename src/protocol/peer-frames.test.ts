import { BinaryWriter } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bentBytes } from '../../test/support/message-arbitraries.ts'
import {
  anyOpeningFrame,
  anyOpeningHeader,
  anyOpeningItem,
  anyOrderFrame,
  anyOrderOpen,
  anyProbeRequest,
  anySignedReceipt,
  anySignedVoucher,
  anyWorkData,
  anyWorkRequest,
  sampleOf,
} from '../../test/support/peer-frame-arbitraries.ts'
import { concatBytes, toHex } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import { OrderFrame, OrderOpen } from './gen/tailrace/v1/peer.ts'
import { SCORE_BYTES } from './inference.ts'
import type { FrameCodec, OpeningContent } from './peer-frames.ts'
import {
  ADDRESS_REPLIES,
  ADDRESS_REQUESTS,
  OPENING_FRAMES,
  OPENING_REPLIES,
  ORDER_FRAMES,
  PEER_FRAME_LIMITS,
  PROBE_REPLIES,
  PROBE_REQUESTS,
  VOUCHER_REPLIES,
  VOUCHER_REQUESTS,
  WORK_REPLIES,
  WORK_REQUESTS,
} from './peer-frames.ts'
import { WORK_LIMITS } from './work/limits.ts'
import type { OrderFrameBody } from './work/streams.ts'

interface Kind {
  readonly name: string
  readonly codec: FrameCodec<unknown>
  readonly any: fc.Arbitrary<unknown>
}

function kind<T>(name: string, codec: FrameCodec<T>, any: fc.Arbitrary<T>): Kind {
  return { name, codec: codec as FrameCodec<unknown>, any }
}

const optional = <T>(any: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(any, { nil: undefined })

const KINDS: readonly Kind[] = [
  kind('order frame', ORDER_FRAMES, anyOrderFrame),
  kind('opening frame', OPENING_FRAMES, anyOpeningFrame),
  kind(
    'opening reply',
    OPENING_REPLIES,
    fc.nat(4_096).map((kept) => ({ kept })),
  ),
  kind('probe request', PROBE_REQUESTS, anyProbeRequest),
  kind(
    'probe reply',
    PROBE_REPLIES,
    fc.boolean().map((ready) => ({ ready })),
  ),
  kind(
    'voucher request',
    VOUCHER_REQUESTS,
    anySignedReceipt.map((receipt) => ({ receipt })),
  ),
  kind(
    'voucher reply',
    VOUCHER_REPLIES,
    optional(anySignedVoucher).map((voucher) => ({ voucher })),
  ),
  kind('work request', WORK_REQUESTS, anyWorkRequest),
  kind(
    'work reply',
    WORK_REPLIES,
    optional(anyWorkData).map((data) => ({ data })),
  ),
  kind(
    'address request',
    ADDRESS_REQUESTS,
    fc.stringMatching(/^[A-Za-z0-9]{1,60}$/).map((peerId) => ({ peerId })),
  ),
  kind(
    'address reply',
    ADDRESS_REPLIES,
    fc.uint8Array({ maxLength: 300 }).map((record) => ({ record })),
  ),
]

/** The reason that a malformed frame carries, `accepted` for a good one. */
function reasonOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(CodedError)
    expect((error as CodedError).code).toBe('malformed_frame')
    return String((error as CodedError).fields.reason)
  }
  return 'accepted'
}

describe.each(KINDS)('$name', ({ codec, any }) => {
  test('decodes what it encodes', () => {
    fc.assert(
      fc.property(any, (message) => {
        const bytes = codec.encode(message)
        expect(codec.decode(bytes)).toEqual(message)
        expect(bytes.length).toBeLessThanOrEqual(codec.maxBytes)
      }),
    )
  })

  test('any bytes give a message that encodes to them, or malformed_frame', () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 400 }), bentBytes(any.map((message) => codec.encode(message))))
    fc.assert(
      fc.property(bytes, (data) => {
        let decoded: unknown
        const reason = reasonOf(() => {
          decoded = codec.decode(data)
        })
        if (reason === 'accepted') {
          expect(toHex(codec.encode(decoded))).toBe(toHex(data))
        }
      }),
      { numRuns: 400 },
    )
  })

  test('an unknown field and too many bytes are refused', () => {
    const bytes = codec.encode(sampleOf(any))
    expect(reasonOf(() => codec.decode(bytes))).toBe('accepted')
    expect(reasonOf(() => codec.decode(concatBytes(bytes, Uint8Array.of(0xf8, 0x07, 1))))).toBe('not in canonical form')
    expect(reasonOf(() => codec.decode(new Uint8Array(codec.maxBytes + 1)))).toBe('frame too large')
  })
})

const open = sampleOf(anyOrderOpen)
const header = sampleOf(anyOpeningHeader)
const item = sampleOf(anyOpeningItem)

describe('out of bounds: an order frame', () => {
  const scores = (count: number): Uint8Array => new Uint8Array(count * SCORE_BYTES)
  test.each<[string, OrderFrameBody, string]>([
    ['without order', { $case: 'open', value: { ...open, order: undefined } }, 'order is missing'],
    ['without request', { $case: 'open', value: { ...open, request: undefined } }, 'request is missing'],
    ['without prompt', { $case: 'open', value: { ...open, prompt: [] } }, 'prompt length'],
    [
      'with too long a prompt',
      { $case: 'open', value: { ...open, prompt: new Array(WORK_LIMITS.promptTokens + 1).fill(1) } },
      'prompt length',
    ],
    [
      'with three skips',
      { $case: 'open', value: { ...open, skipped: new Array(3).fill({ host: new Uint8Array(20), reason: 1 }) } },
      'too many skips',
    ],
    ['with no tokens', { $case: 'tokens', value: { tokens: [], scores: scores(0) } }, 'number of tokens'],
    [
      'with 257 tokens',
      { $case: 'tokens', value: { tokens: new Array(257).fill(1), scores: scores(257) } },
      'number of tokens',
    ],
    [
      'with scores of another length',
      { $case: 'tokens', value: { tokens: [1, 2], scores: scores(1) } },
      'scores do not fit the tokens',
    ],
    ['with a lane beyond any', { $case: 'accepted', value: { queue: 0, lane: 1n << 53n } }, 'lane out of range'],
    ['with a failure in prose', { $case: 'failed', value: { code: 'It broke.' } }, 'code'],
    ['with an empty failure', { $case: 'failed', value: { code: '' } }, 'code'],
    [
      'with an unsigned receipt',
      { $case: 'receipt', value: { ...sampleOf(anySignedReceipt), signature: new Uint8Array(0) } },
      'receipt signature must be 64 bytes',
    ],
    [
      'with an empty voucher',
      { $case: 'voucher', value: { voucher: undefined, signature: new Uint8Array(64) } },
      'voucher is missing',
    ],
    [
      'with an empty refusal',
      { $case: 'refusal', value: { refusal: undefined, signature: new Uint8Array(64) } },
      'refusal is missing',
    ],
  ])('%s', (_name, frame, reason) => {
    expect(reasonOf(() => ORDER_FRAMES.decode(ORDER_FRAMES.encode(frame)))).toBe(reason)
  })

  test('that says nothing, or two things', () => {
    expect(reasonOf(() => ORDER_FRAMES.decode(new Uint8Array(0)))).toBe('empty frame')
    const cancel = ORDER_FRAMES.encode({ $case: 'cancel', value: {} })
    const beat = ORDER_FRAMES.encode({ $case: 'heartbeat', value: { queue: 1 } })
    expect(reasonOf(() => ORDER_FRAMES.decode(concatBytes(cancel, beat)))).toBe('not in canonical form')
  })
})

test('the longest prompt and the longest output fit', () => {
  const prompt = new Array<number>(WORK_LIMITS.promptTokens).fill(0xffffffff)
  const frame: OrderFrameBody = { $case: 'open', value: { ...open, prompt } }
  expect(ORDER_FRAMES.decode(ORDER_FRAMES.encode(frame))).toEqual(frame)
  const data = { ...sampleOf(anyWorkData), prompt, output: prompt, scores: new Uint8Array(prompt.length * SCORE_BYTES) }
  const reply = WORK_REPLIES.encode({ data })
  expect(reply.length).toBeLessThanOrEqual(WORK_REPLIES.maxBytes)
  expect(WORK_REPLIES.decode(reply).data?.output.length).toBe(prompt.length)
  const opened: OpeningContent = { $case: 'item', value: { ...item, data } }
  expect(OPENING_FRAMES.encode(opened).length).toBeLessThanOrEqual(OPENING_FRAMES.maxBytes)
})

describe('out of bounds: an opening frame', () => {
  test.each<[string, OpeningContent, string]>([
    ['of nobody', { $case: 'header', value: { ...header, executor: 'tail1nobody' } }, 'executor is no address'],
    ['without leaves', { $case: 'header', value: { ...header, leaves: 0 } }, 'leaves out of range'],
    ['with too many leaves', { $case: 'header', value: { ...header, leaves: 4_097 } }, 'leaves out of range'],
    ['with a short root', { $case: 'header', value: { ...header, root: new Uint8Array(31) } }, 'root must be 32 bytes'],
    ['with a transaction in prose', { $case: 'header', value: { ...header, txHash: 'soon' } }, 'tx_hash'],
    ['without opening', { $case: 'item', value: { ...item, opening: undefined } }, 'opening is missing'],
    ['without data', { $case: 'item', value: { ...item, data: undefined } }, 'data is missing'],
  ])('%s', (_name, frame, reason) => {
    expect(reasonOf(() => OPENING_FRAMES.decode(OPENING_FRAMES.encode(frame)))).toBe(reason)
  })
})

describe('a frame that would decode into far more than its bytes', () => {
  /** `count` empty entries of `field`, two bytes each. */
  const entries = (field: number, count: number): Uint8Array => {
    const out = new Uint8Array(2 * count)
    for (let at = 0; at < out.length; at += 2) {
      out[at] = field * 8 + 2
    }
    return out
  }
  const inside = (field: number, bytes: Uint8Array): Uint8Array =>
    new BinaryWriter()
      .uint32(field * 8 + 2)
      .bytes(bytes)
      .finish()

  test('is refused before it is decoded', () => {
    const path = inside(2, inside(1, entries(3, 2_000_000)))
    expect(reasonOf(() => OPENING_FRAMES.decode(path))).toBe('too many fields')
    expect(reasonOf(() => ORDER_FRAMES.decode(inside(1, entries(4, 400_000))))).toBe('too many fields')
    expect(reasonOf(() => ORDER_FRAMES.decode(inside(1, inside(2, inside(3, entries(6, 400_000))))))).toBe(
      'too many fields',
    )
    const prompt = inside(1, inside(3, new Uint8Array(PEER_FRAME_LIMITS.orderBytes - 20)))
    expect(reasonOf(() => ORDER_FRAMES.decode(prompt))).toBe('too many integers')
    const unpacked = new Uint8Array(1_000_000)
    for (let at = 0; at < unpacked.length; at += 2) {
      unpacked[at] = 3 * 8
    }
    expect(reasonOf(() => ORDER_FRAMES.decode(inside(1, unpacked)))).toBe('too many fields')
  })

  test('though a full request passes', () => {
    const request = {
      ...(open.request as NonNullable<typeof open.request>),
      stop: new Array<string>(16).fill('stop'),
      sampling: {
        ...(open.request?.sampling as NonNullable<NonNullable<typeof open.request>['sampling']>),
        logitBias: Array.from({ length: 1_024 }, (_unused, index) => ({ token: index + 1, bias: -1 })),
      },
    }
    const frame: OrderFrame = { frame: { $case: 'open', value: OrderOpen.fromPartial({ ...open, request }) } }
    expect(reasonOf(() => ORDER_FRAMES.decode(OrderFrame.encode(frame).finish()))).toBe('accepted')
  })
})
