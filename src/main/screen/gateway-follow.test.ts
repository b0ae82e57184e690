import { expect, onTestFinished, test } from 'vitest'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { WorkChainPort } from '../../host/work/ports.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { encodeAddress } from '../../protocol/address.ts'
import type { QueryEscrowResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import { followGateway } from './gateway-follow.ts'

const PAYER = encodeAddress(new Uint8Array(20).fill(7))

function scene() {
  const state = { isChainAway: false, isGatewayAway: false }
  const away = (what: string) => Promise.reject(new CodedError(`${what}_unreachable`, 'no answer'))
  const blocks = new Set<() => void>()
  const work: Pick<WorkChainPort, 'escrow'> = {
    escrow: async () =>
      state.isChainAway
        ? away('chain')
        : ({ escrow: { deposited: 9n, paid: 2n }, available: 7n } as unknown as QueryEscrowResponse),
  }
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const followed = followGateway(
    {
      chain: {
        onBlock(listener) {
          const hear = () => listener({ height: 1, timeMs: 0 })
          blocks.add(hear)
          return () => blocks.delete(hear)
        },
      },
      work: work as WorkChainPort,
      gateway: {
        baseUrl: 'http://127.0.0.1:1/v1',
        orders: async () => (state.isGatewayAway ? away('gateway') : []),
        receipt: () => away('gateway'),
      },
      logger: SILENT_LOGGER,
    },
    { apiKey: 'tr-x', payer: PAYER, model: 'whale' },
    stop.signal,
    () => undefined,
  )
  const block = () => blocks.forEach((hear) => void hear())
  return { state, followed, block }
}

test('a chain that is away takes no gateway down; what it held is still shown', async () => {
  const { state, followed, block } = scene()
  await waitFor('both', () => followed.current().state === 'ready' && followed.current().escrow !== null)
  state.isChainAway = true
  block()
  await new Promise((resolve) => setImmediate(resolve))
  expect(followed.current()).toMatchObject({ state: 'ready', escrow: { available: '7' } })
})

test('a gateway that does not answer is down, and ready again when it does', async () => {
  const { state, followed, block } = scene()
  await waitFor('ready', () => followed.current().state === 'ready')
  state.isGatewayAway = true
  block()
  await waitFor('down', () => followed.current().state === 'down')
  state.isGatewayAway = false
  block()
  await waitFor('ready', () => followed.current().state === 'ready')
})
