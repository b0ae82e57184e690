/**
 * Messages between a compute worker and its owner, each declared once: the type and the bounded decoder come from the
 * same line. The owner sends requests and cancels; the worker answers each request once and sends events in between.
 *
 * Invariant: a find leaves the worker only after the CPU oracle has recomputed it.
 *
 * Read next: compute-client.ts (the owner's side), compute-server.ts (the worker's side), entry-browser.ts and
 * entry-node.ts (the two workers).
 */
import { CodedError } from '../lib/coded-error.ts'
import type { Decoded, Decoder } from './message-schema.ts'
import { bytes, flag, integer, list, oneOf, optional, rate, record, text, u64 } from './message-schema.ts'

/** Most nonces of one `verify` and most finds of one `finds` event. */
export const MAX_NONCES = 1024
export const MAX_DUTY_PPM = 1_000_000
const MAX_SAFE = Number.MAX_SAFE_INTEGER

const shape = oneOf('dev', 'std')
const backend = oneOf('webgpu', 'cpu')
const raceId = text(128)
const count = integer(0, MAX_SAFE)
const nonces = list(u64, MAX_NONCES)
const digests = list(bytes(32), MAX_NONCES)
const attemptSource = { shape, epochSeed: bytes(32), host: bytes(20) }

const adapterDetails = record({
  device: text(64),
  features: list(text(64), 64),
  languageFeatures: list(text(64), 64),
  limits: list(record({ name: text(64), value: count }), 32),
})

const backendReport = record({
  kind: backend,
  adapter: record({
    vendor: text(64),
    architecture: text(64),
    description: text(64),
    isSoftware: flag,
    details: optional(adapterDetails),
  }),
  conformant: flag,
  /** Which known answer and stage differed first, or why the backend did not run. */
  firstDifference: optional(text(512)),
  /** SHA-256 over the digests that the backend gave for the known answers; absent where it gave none. */
  conformanceDigest: optional(bytes(32)),
  attemptsPerSecond: optional(rate),
})

const progress = record({
  raceId,
  attempts: count,
  finds: count,
  /** Finds that the oracle did not confirm. */
  faultyFinds: count,
  attemptsPerSecond: rate,
  backend,
})

const nothing = record({})

/** Requests by type, with the reply of each. */
const REQUESTS = {
  /** Which backends there are, whether they conform, how fast they are at this shape. */
  probe: { request: record({ shape }), reply: record({ backends: list(backendReport, 4) }) },
  /** Starts a race; the reply says on which backend. Fails with `race_running`, `no_backend`, `not_conformant`. */
  startRace: {
    request: record({
      ...attemptSource,
      raceId,
      target: bytes(32),
      startNonce: u64,
      /** Share of the time that the device works. */
      dutyPpm: integer(1, MAX_DUTY_PPM),
      backend,
    }),
    reply: record({ backend }),
  },
  /** Ends the race within one batch; the last progress comes with `raceStopped`. Without effect where none runs. */
  stopRace: { request: record({ raceId }), reply: nothing },
  /** Digests of the named attempts in order. With `target` a GPU may compute them; without, the oracle does. */
  verify: { request: record({ ...attemptSource, nonces, target: optional(bytes(32)) }), reply: record({ digests }) },
  /** The first find at or after `startNonce`: the stamp of a registration. */
  findOne: {
    request: record({ ...attemptSource, target: bytes(32), startNonce: u64 }),
    reply: record({ nonce: u64, digest: bytes(32) }),
  },
  /** Frees everything; the worker answers nothing afterwards. */
  dispose: { request: nothing, reply: nothing },
} as const

/** Events by type. */
const EVENTS = {
  progress,
  /** Confirmed finds, nonces ascending within a race (modulo 2^64 from its start). */
  finds: record({ raceId, nonces, digests }),
  /** A find that the oracle did not confirm (faulty memory, broken driver): dropped. */
  faultyFind: record({ raceId, nonce: u64, claimed: bytes(32), computed: bytes(32) }),
  /** The device was lost; the race goes on with `continuesOn`. */
  deviceLost: record({ raceId, reason: text(512), continuesOn: backend }),
  /** The GPU had memory for fewer attempts a batch than its limits allow; the race goes on with those. */
  memoryShort: record({ raceId, maxAttempts: count, plannedAttempts: count }),
  raceStopped: record({ raceId, progress }),
  /** The race ended by an error; `raceStopped` follows. */
  failed: record({ raceId, code: text(64), message: text(512) }),
} as const

export type RequestType = keyof typeof REQUESTS
export type EventType = keyof typeof EVENTS
export type RequestBody<T extends RequestType> = Decoded<(typeof REQUESTS)[T]['request']>
export type ReplyBody<T extends RequestType> = Decoded<(typeof REQUESTS)[T]['reply']>
export type EventBody<T extends EventType> = Decoded<(typeof EVENTS)[T]>

export type ComputeBackendReport = Decoded<typeof backendReport>
export type ComputeProgress = Decoded<typeof progress>

/** What the owner sends. `id` names the request in replies and cancels. */
export type OwnerMessage =
  | {
      readonly [T in RequestType]: {
        readonly kind: 'request'
        readonly id: number
        readonly type: T
        readonly body: RequestBody<T>
      }
    }[RequestType]
  | { readonly kind: 'cancel'; readonly id: number }

/** An event with its type. */
export type ComputeEvent = { readonly [T in EventType]: { readonly type: T; readonly body: EventBody<T> } }[EventType]

/** What the worker sends. The body of a reply is decoded by its receiver, who knows the request's type. */
export type WorkerMessage =
  | { readonly kind: 'reply'; readonly id: number; readonly body: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: unknown }
  | ({ readonly kind: 'event' } & ComputeEvent)

const requestHeader = record({ id: count, type: oneOf(...(Object.keys(REQUESTS) as RequestType[])) })
const eventHeader = record({ type: oneOf(...(Object.keys(EVENTS) as EventType[])) })
const answerHeader = record({ id: count })

/** @throws CodedError `invalid_message`. */
export function decodeOwnerMessage(value: unknown): OwnerMessage {
  if (kindOf(value) === 'cancel') {
    return { kind: 'cancel', ...answerHeader.decode(value, 'cancel') }
  }
  if (kindOf(value) !== 'request') {
    throw new CodedError('invalid_message', 'neither a request nor a cancel')
  }
  const { id, type } = requestHeader.decode(value, 'request')
  const decoder: Decoder<unknown> = REQUESTS[type].request
  return { kind: 'request', id, type, body: decoder.decode((value as { body?: unknown }).body, type) } as OwnerMessage
}

/** @throws CodedError `invalid_message`. */
export function decodeWorkerMessage(value: unknown): WorkerMessage {
  const { body, error } = (value ?? {}) as { body?: unknown; error?: unknown }
  switch (kindOf(value)) {
    case 'reply':
      return { kind: 'reply', ...answerHeader.decode(value, 'reply'), body }
    case 'failure':
      return { kind: 'failure', ...answerHeader.decode(value, 'failure'), error }
    case 'event': {
      const { type } = eventHeader.decode(value, 'event')
      const decoder: Decoder<unknown> = EVENTS[type]
      return { kind: 'event', type, body: decoder.decode(body, type) } as WorkerMessage
    }
    default:
      throw new CodedError('invalid_message', 'no message of a compute worker')
  }
}

/** @throws CodedError `invalid_message`. */
export function decodeReply<T extends RequestType>(type: T, body: unknown): ReplyBody<T> {
  const decoder: Decoder<unknown> = REQUESTS[type].reply
  return decoder.decode(body, `${type} reply`) as ReplyBody<T>
}

/** Id of a message too malformed to decode, so that its sender still gets a failure; undefined where there is none. */
export function requestIdOf(value: unknown): number | undefined {
  const id = typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : undefined
  return Number.isSafeInteger(id) && (id as number) >= 0 ? (id as number) : undefined
}

function kindOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { kind?: unknown }).kind : undefined
}
