import { appendFileSync } from 'node:fs'
import { z } from 'zod'
import type { BlockInput } from '../../chain/application.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { bytesFromBase64, toBase64 } from '../base64.ts'
import type { CommitFollower } from './app-chain.ts'

/** One block as CometBFT decided it, and what the application made of it. */
export interface RecordedBlock {
  readonly input: BlockInput
  readonly appHash: Uint8Array
}

const bytes = z.string().transform(bytesFromBase64)
const hex = z
  .string()
  .regex(/^([0-9a-f]{2})*$/)
  .transform(fromHex)
const integer = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,18})$/)
  .transform(BigInt)

const lineSchema = z.object({
  request: z.object({
    height: integer,
    timeMs: integer,
    hash: hex,
    proposer: hex,
    txs: z.array(bytes),
    lastCommit: z
      .object({
        round: z.int().min(0),
        votes: z.array(z.object({ address: hex, power: integer, signed: z.boolean() })),
      })
      .optional(),
    misbehaviour: z.array(
      z.object({ kind: z.enum(['duplicate_vote', 'light_client_attack']), address: hex, height: integer }),
    ),
  }),
  appHash: hex,
})

/** Appends each decided block to the file, one JSON object a line. After a crash the one that CometBFT replays stands there twice. */
export function recordBlocks(path: string): CommitFollower {
  return {
    finalized({ input, result }) {
      appendFileSync(path, `${encodeRecordedBlock({ input, appHash: result.appHash })}\n`)
    },
  }
}

export function encodeRecordedBlock({ input, appHash }: RecordedBlock): string {
  const { height, timeMs, hash, proposer, txs, lastCommit, misbehaviour = [] } = input
  const request = {
    height: String(height),
    timeMs: String(timeMs),
    hash: toHex(hash),
    proposer: toHex(proposer),
    txs: txs.map(toBase64),
    ...(lastCommit === undefined
      ? {}
      : {
          lastCommit: {
            round: lastCommit.round,
            votes: lastCommit.votes.map(({ address, power, signed }) => ({
              address: toHex(address),
              power: String(power),
              signed,
            })),
          },
        }),
    misbehaviour: misbehaviour.map((one) => ({
      kind: one.kind,
      address: toHex(one.address),
      height: String(one.height),
    })),
  }
  return JSON.stringify({ request, appHash: toHex(appHash) })
}

/** @throws CodedError `malformed_record` */
export function decodeRecordedBlock(line: string): RecordedBlock {
  try {
    const { request, appHash } = lineSchema.parse(JSON.parse(line))
    const { lastCommit, ...input } = request
    return { input: { ...input, ...(lastCommit === undefined ? {} : { lastCommit }) }, appHash }
  } catch (cause) {
    throw new CodedError('malformed_record', 'the line holds no recorded block', { cause })
  }
}
