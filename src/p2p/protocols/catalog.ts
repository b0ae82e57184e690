import type {
  AddressReply,
  AddressRequest,
  ProbeReply,
  ProbeRequest,
  VoucherReply,
  VoucherRequest,
  WorkReply,
  WorkRequest,
} from '../../protocol/gen/tailrace/v1/peer.ts'
import {
  ADDRESS_REPLIES,
  ADDRESS_REQUESTS,
  PEER_FRAME_LIMITS,
  PROBE_REPLIES,
  PROBE_REQUESTS,
  VOUCHER_REPLIES,
  VOUCHER_REQUESTS,
  WORK_REPLIES,
  WORK_REQUESTS,
} from '../../protocol/peer-frames.ts'
import type { Exchange } from './exchange.ts'
import type { StreamProtocol } from './stream-service.ts'

const SECOND_MS = 1_000
const KIB = 1_024
const MIB = 1_024 * KIB
/** One question and one answer, with their prefixes. */
const SMALL_BYTES = 2 * PEER_FRAME_LIMITS.recordBytes

/** Every stream protocol with its bounds. A gateway is a stranger to the chain: it orders, and is pushed its own openings. */
export const ORDER_STREAM: StreamProtocol = {
  name: '/tailrace/order/1',
  inbound: { perPeer: 32, total: 96, strangers: 64 },
  // The longest output with its scores is 7 MB; the rest is heartbeats.
  inboundBytes: 32 * MIB,
  frameTimeoutMs: 10 * SECOND_MS,
  isSmall: false,
}

export const PROBE: Exchange<ProbeRequest, ProbeReply> = {
  name: '/tailrace/probe/1',
  inbound: { perPeer: 8, total: 64, strangers: 16 },
  inboundBytes: SMALL_BYTES,
  frameTimeoutMs: 10 * SECOND_MS,
  lifetimeMs: 30 * SECOND_MS,
  isSmall: true,
  requests: PROBE_REQUESTS,
  replies: PROBE_REPLIES,
}

export const VOUCHER: Exchange<VoucherRequest, VoucherReply> = {
  name: '/tailrace/voucher/1',
  inbound: { perPeer: 8, total: 64, strangers: 16 },
  inboundBytes: SMALL_BYTES,
  frameTimeoutMs: 10 * SECOND_MS,
  lifetimeMs: 30 * SECOND_MS,
  isSmall: true,
  requests: VOUCHER_REQUESTS,
  replies: VOUCHER_REPLIES,
}

export const OPENING_STREAM: StreamProtocol = {
  name: '/tailrace/opening/1',
  inbound: { perPeer: 2, total: 8, strangers: 2 },
  inboundBytes: 512 * MIB,
  // One item may have 8 MiB, and the receiver stores all of them before it answers.
  frameTimeoutMs: 60 * SECOND_MS,
  lifetimeMs: 600 * SECOND_MS,
  isSmall: false,
}

export const WORK: Exchange<WorkRequest, WorkReply> = {
  name: '/tailrace/work/1',
  inbound: { perPeer: 8, total: 32, strangers: 4 },
  inboundBytes: PEER_FRAME_LIMITS.workBytes + KIB,
  frameTimeoutMs: 60 * SECOND_MS,
  lifetimeMs: 120 * SECOND_MS,
  isSmall: false,
  requests: WORK_REQUESTS,
  replies: WORK_REPLIES,
}

export const ADDRESS: Exchange<AddressRequest, AddressReply> = {
  name: '/tailrace/address/1',
  inbound: { perPeer: 4, total: 64, strangers: 32 },
  inboundBytes: SMALL_BYTES,
  frameTimeoutMs: 5 * SECOND_MS,
  lifetimeMs: 15 * SECOND_MS,
  isSmall: true,
  requests: ADDRESS_REQUESTS,
  replies: ADDRESS_REPLIES,
}
