/** What the replies of each kind of request mean. A reply that does not belong to its request fails it: `compute_bad_reply`. */
import { fromHex } from '../lib/bytes.ts'
import { CodedError, codedErrorFromJson } from '../lib/coded-error.ts'
import type { DeviceReport, RaceJob, RaceListener, RaceProgress } from '../protocol/compute.ts'
import type { ReplyReader, ReplyStep } from './pending-request.ts'
import type { DeviceReportWire } from './snapshot.ts'
import type { ComputeReply } from './wires/compute-wire.ts'

const MORE = { type: 'more' } as const

export function probeReader(decode: (report: DeviceReportWire) => DeviceReport): ReplyReader<DeviceReport> {
  return {
    read: (reply) => (reply.type === 'probe_report' ? done(decode(reply.report)) : common(reply)),
  }
}

/** `count` digests, one per nonce, in order. */
export function checkReader(count: number): ReplyReader<readonly Uint8Array[]> {
  return {
    read: (reply) => {
      if (reply.type !== 'digests') {
        return common(reply)
      }
      return reply.digests.length === count ? done(reply.digests.map(fromHex)) : badReply(reply, 'digest_count')
    },
  }
}

export function findReader(startNonce: bigint): ReplyReader<bigint> {
  return {
    read: (reply) => {
      if (reply.type !== 'find') {
        return common(reply)
      }
      const nonce = BigInt(reply.nonce)
      return nonce >= startNonce ? done(nonce) : badReply(reply, 'nonce_order')
    },
  }
}

/** Passes finds on only while their nonces ascend from the job's first. */
export function raceReader(job: RaceJob, listener: RaceListener): ReplyReader<RaceProgress> {
  let last: RaceProgress = { attempts: 0, finds: 0, attemptsPerSecond: 0, backend: job.backend, faultyFinds: 0 }
  let nextNonce = job.startNonce
  const readFinds = (reply: ComputeReply & { type: 'race_finds' }): ReplyStep<RaceProgress> => {
    const nonces = reply.nonces.map(BigInt)
    let next = nextNonce
    for (const nonce of nonces) {
      if (nonce < next) {
        return badReply(reply, 'nonce_order')
      }
      next = nonce + 1n
    }
    nextNonce = next
    listener.onFinds(nonces)
    return MORE
  }
  return {
    read: (reply) => {
      switch (reply.type) {
        case 'race_progress':
          last = reply.progress
          listener.onProgress(last)
          return MORE
        case 'race_finds':
          return readFinds(reply)
        case 'race_notice':
          listener.onNotice(reply.code)
          return MORE
        case 'race_done':
          last = reply.progress
          return done(last)
        default:
          return common(reply)
      }
    },
    afterAbort: () => ({ result: last }),
  }
}

export function done<Result>(result: Result): ReplyStep<Result> {
  return { type: 'done', result }
}

export function common(reply: ComputeReply): ReplyStep<never> {
  if (reply.type === 'working') {
    return MORE
  }
  return reply.type === 'failed'
    ? { type: 'failed', error: codedErrorFromJson(reply.error), isBadReply: false }
    : badReply(reply, 'kind')
}

export function badReply(reply: ComputeReply, what: string): ReplyStep<never> {
  const error = new CodedError('compute_bad_reply', 'the tab answered something else', {
    fields: { reply: reply.type, what },
  })
  return { type: 'failed', error, isBadReply: true }
}
