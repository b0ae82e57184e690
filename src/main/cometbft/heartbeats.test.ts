import { expect, test } from 'vitest'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import type { ChainClient } from '../../chain-client/create-chain-client.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import type { MsgValidatorHeartbeat } from '../../protocol/gen/tailrace/v1/tx.ts'
import { beat } from './heartbeats.ts'

const SLOT_BLOCKS = 4
const BLOCK_MS = 1_000

/** A chain that makes a block a second, and a node that answers each heartbeat as `answer` says. */
async function beatFor(
  blocks: number,
  answer: (height: number, attempt: number) => number,
): Promise<readonly number[]> {
  const clock = new VirtualClock()
  const beganMs = clock.nowMs()
  const posted: number[] = []
  const sender: Pick<ChainClient, 'submitSync'> = {
    async submitSync([message]) {
      const { height } = (message as { readonly value: MsgValidatorHeartbeat }).value
      posted.push(Number(height))
      return { code: answer(Number(height), posted.length), codespace: 'tailrace', log: '', hash: '' }
    },
  }
  const stopping = new AbortController()
  const running = beat(
    { clock, logger: SILENT_LOGGER, sender },
    {
      rpcUrl: '',
      accountSecret: new Uint8Array(32).fill(7),
      validator: new Uint8Array(20),
      slotBlocks: SLOT_BLOCKS,
      tip: () => ({ height: Math.trunc((clock.nowMs() - beganMs) / BLOCK_MS), appHash: new Uint8Array(32) }),
    },
    stopping.signal,
  )
  await clock.advance(blocks * BLOCK_MS)
  stopping.abort()
  await clock.advance(BLOCK_MS)
  await running
  return posted
}

test('one heartbeat a slot, the first once there is a block', async () => {
  expect(await beatFor(20, () => 0)).toEqual([1, 4, 8, 12, 16, 20])
})

test('what did not get through is sent again within the slot', async () => {
  const posted = await beatFor(10, (_height, attempt) => {
    if (attempt === 2 || attempt === 3) {
      throw new CodedError('chain_unreachable', 'no answer')
    }
    return 0
  })
  expect(posted).toEqual([1, 4, 4, 5, 8])
})

test('a key that the chain does not know asks seldom', async () => {
  expect(await beatFor(30, () => 5)).toEqual([1, 12, 24])
})
