import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { DEVELOPER, testKey } from '../../test/conformance/rpc/network-fixture.ts'
import type { Fault } from '../../test/conformance/rpc/scripted-node.ts'
import { ScriptedNode } from '../../test/conformance/rpc/scripted-node.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { errorCode } from '../lib/coded-error.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import type { TypedMessage } from '../protocol/messages.ts'
import { DENOM } from '../protocol/params.ts'
import type { ChainClient } from './create-chain-client.ts'
import { connectChainClient } from './create-chain-client.ts'
import { createSigner } from './tx-signing.ts'

const never = new AbortController().signal
const signer = createSigner(DEVELOPER.secret)
const message: TypedMessage = {
  typeUrl: '/cosmos.bank.v1beta1.MsgSend',
  value: {
    fromAddress: DEVELOPER.address,
    toAddress: testKey('other').address,
    amount: [{ denom: DENOM, amount: '1' }],
  },
}

interface Bench {
  readonly node: ScriptedNode
  readonly clock: VirtualClock
  readonly client: ChainClient
}

async function bench(): Promise<Bench & { readonly stop: () => void }> {
  const node = new ScriptedNode()
  const clock = new VirtualClock()
  const stopping = new AbortController()
  void node.run(clock, 1_000, stopping.signal)
  const client = await connectChainClient(
    { clock, logger: SILENT_LOGGER, fetch: node.fetch },
    { rpcUrl: 'http://scripted' },
    never,
  )
  return { node, clock, client, stop: () => stopping.abort() }
}

async function start(): Promise<Bench> {
  const made = await bench()
  onTestFinished(made.stop)
  return made
}

function submit({ client }: Bench, name: string) {
  return client.submit([message], { signer, memo: `<${name}>` }, never)
}

/** Lets virtual time pass until all have settled. */
async function settled<T>({ clock }: Bench, promises: readonly Promise<T>[]): Promise<PromiseSettledResult<T>[]> {
  let results: PromiseSettledResult<T>[] | undefined
  void Promise.allSettled(promises).then((all) => {
    results = all
  })
  for (let step = 0; step < 10_000 && results === undefined; step++) {
    await clock.advance(100)
  }
  return results ?? []
}

async function outcomeOf(made: Bench, name: string) {
  const [result] = await settled(made, [submit(made, name)])
  if (result === undefined || result.status === 'rejected') {
    throw result?.reason ?? new Error('never settled')
  }
  return result.value
}

test('one message: signed once, offered once, found in its block', async () => {
  const made = await start()
  expect(await outcomeOf(made, 'a')).toMatchObject({ code: 0, height: 2 })
  expect(made.node.broadcasts).toHaveLength(1)
  expect(made.node.executed).toEqual(['a'])
})

test('a lost answer: only the same bytes are offered again', async () => {
  const made = await start()
  made.node.faults.push('none', 'lost', 'down', 'lost')
  expect(await outcomeOf(made, 'a')).toMatchObject({ code: 0 })
  expect(made.node.broadcasts.length).toBeGreaterThan(1)
  expect(new Set(made.node.broadcasts).size).toBe(1)
  expect(made.node.executed).toEqual(['a'])
})

test('an answer lost until the block is made: the refusal for its sequence is no reason to sign anew', async () => {
  const made = await start()
  made.node.faults.push('none', 'lost', ...Array<Fault>(6).fill('down'))
  expect(await outcomeOf(made, 'a')).toMatchObject({ code: 0, height: 2 })
  expect(new Set(made.node.broadcasts).size).toBe(1)
  expect(made.node.executed).toEqual(['a'])
})

test('a refusal that only says that it is too late now is no answer where a block holds the message', async () => {
  const made = await start()
  made.node.faults.push('none', 'lost', ...Array<Fault>(6).fill('down'))
  const submitted = made.client.submit([message], { signer, memo: '<a>', timeoutHeight: 2n }, never)
  const [result] = await settled(made, [submitted])
  expect(result).toMatchObject({ status: 'fulfilled', value: { code: 0, height: 2 } })
  expect(await settled(made, [made.client.submit([message], { signer, timeoutHeight: 2n }, never)])).toMatchObject([
    { value: { code: 30, height: 0 } },
  ])
})

test('a node that forgot its mempool gets the same bytes again', async () => {
  const made = await start()
  const submitted = submit(made, 'a')
  await made.clock.advance(500)
  made.node.forgetMempool()
  const [result] = await settled(made, [submitted])
  expect(result).toMatchObject({ status: 'fulfilled', value: { code: 0 } })
  expect(new Set(made.node.broadcasts).size).toBe(1)
  expect(made.node.executed).toEqual(['a'])
})

test('a block that the index never learned of: what stands in it is found there and not signed again', async () => {
  const made = await start()
  made.node.isIndexing = false
  expect(await outcomeOf(made, 'a')).toMatchObject({ code: 0, height: 2, hash: made.node.broadcasts[0] })
  expect(new Set(made.node.broadcasts).size).toBe(1)
  expect(made.node.executed).toEqual(['a'])
  // The sequence is remembered, and what was heard of the chain is old.
  await made.clock.advance(600_000)
  expect(await outcomeOf(made, 'b')).toMatchObject({ code: 0 })
  expect(made.node.executed).toEqual(['a', 'b'])
})

test('a full mempool, which CometBFT tells as an error, is asked again', async () => {
  const made = await start()
  made.node.refusals.push('mempool is full: number of txs 5000 (max: 5000), total txs bytes 1 (max: 2)')
  expect(await outcomeOf(made, 'a')).toMatchObject({ code: 0 })
  expect(made.node.executed).toEqual(['a'])
})

test('a node without a block is spoken to; its answers count from the first block on', async () => {
  const made = await start()
  made.node.isEmpty = true
  const client = await connectChainClient(
    { clock: made.clock, logger: SILENT_LOGGER, fetch: made.node.fetch },
    { rpcUrl: 'http://scripted' },
    never,
  )
  expect(await client.status(never)).toEqual({
    chainId: 'tailrace-local-1',
    height: 0,
    timeMs: 0,
    blockHash: new Uint8Array(0),
    isCatchingUp: false,
  })
})

test('a sequence that somebody else used up: these bytes can never run, so the message is signed anew', async () => {
  const made = await start()
  const submitted = submit(made, 'a')
  await made.clock.advance(500)
  made.node.spendSequenceElsewhere()
  const [result] = await settled(made, [submitted])
  expect(result).toMatchObject({ status: 'fulfilled', value: { code: 0 } })
  expect(new Set(made.node.broadcasts).size).toBe(2)
  expect(made.node.executed).toEqual(['a'])
})

test('a sequence that moved before the first offer is read again', async () => {
  const made = await start()
  await outcomeOf(made, 'a')
  made.node.spendSequenceElsewhere()
  expect(await outcomeOf(made, 'b')).toMatchObject({ code: 0 })
  expect(made.node.executed).toEqual(['a', 'b'])
})

test('a busy node is asked again, other refusals are the answer', async () => {
  const made = await start()
  made.node.refusals.push({ code: 20, codespace: 'sdk' }, { code: 6, codespace: 'tailrace' })
  expect(await outcomeOf(made, 'a')).toMatchObject({ code: 0 })
  expect(made.node.broadcasts).toHaveLength(3)
  made.node.refusals.push({ code: 3, codespace: 'tailrace' })
  expect(await outcomeOf(made, 'b')).toMatchObject({ code: 3, codespace: 'tailrace', height: 0 })
  made.node.refusals.push(...Array(50).fill({ code: 20, codespace: 'sdk' }))
  expect(await outcomeOf(made, 'c')).toMatchObject({ code: 20 })
  expect(made.node.executed).toEqual(['a'])
})

test('what is in no block by the deadline is an error that names the hash; an abort ends the wait', async () => {
  const made = await start()
  made.node.makeBlock = () => undefined
  const [late] = await settled(made, [submit(made, 'a')])
  expect(late?.status === 'rejected' && late.reason).toMatchObject({
    code: 'tx_timeout',
    fields: { hash: made.node.broadcasts[0] },
  })
  const abort = new AbortController()
  const waiting = made.client.submit([message], { signer, memo: '<b>' }, abort.signal)
  await made.clock.advance(300)
  abort.abort()
  expect(errorCode(await waiting.catch((error: unknown) => error))).toBe('aborted')
})

test('a transaction that no node would take is not sent', async () => {
  const made = await start()
  const many = Array<TypedMessage>(2_000).fill(message)
  await expect(made.client.submit(many, { signer }, never)).rejects.toMatchObject({ code: 'tx_too_large' })
  expect(made.node.broadcasts).toEqual([])
})

test('whatever gets lost, restarts or is used elsewhere: no message runs twice, and none that was promised is missing', async () => {
  const fault = fc.constantFrom<Fault>('none', 'none', 'none', 'lost', 'down')
  const event = fc.constantFrom('none', 'none', 'restart', 'elsewhere', 'index')
  const schedule = fc.record({
    faults: fc.array(fault, { maxLength: 40 }),
    events: fc.array(event, { maxLength: 8 }),
    messages: fc.integer({ min: 1, max: 4 }),
  })
  await fc.assert(
    fc.asyncProperty(schedule, async ({ faults, events, messages }) => {
      const made = await bench()
      made.node.faults.push(...faults)
      const names = Array.from({ length: messages }, (_, index) => `m${index}`)
      const submitted = names.map((name) => submit(made, name))
      for (const promise of submitted) {
        promise.catch(() => undefined)
      }
      for (const next of events) {
        await made.clock.advance(700)
        if (next === 'restart') {
          made.node.forgetMempool()
        } else if (next === 'elsewhere') {
          made.node.spendSequenceElsewhere()
        } else if (next === 'index') {
          made.node.isIndexing = !made.node.isIndexing
        }
      }
      const results = await settled(made, submitted)
      made.stop()
      expect(results).toHaveLength(messages)
      results.forEach((result, index) => {
        const runs = made.node.executed.filter((name) => name === names[index]).length
        const isPromised = result.status === 'fulfilled' && result.value.code === 0
        expect(runs).toBeLessThanOrEqual(1)
        expect(runs === 1 || !isPromised).toBe(true)
      })
    }),
    { numRuns: 60 },
  )
}, 120_000)

test('what is signed once is offered as the same bytes or not at all', async () => {
  const made = await start()
  const once = (name: string) => made.client.submit([message], { signer, memo: `<${name}>`, isSignedOnce: true }, never)
  await outcomeOf(made, 'a')
  made.node.spendSequenceElsewhere()
  // Another client's transaction: the sequence is asked for anew, whatever was counted here.
  expect(await settled(made, [once('b')])).toMatchObject([{ value: { code: 0 } }])
  made.node.refusals.push({ code: 20, codespace: 'sdk' })
  const before = made.node.broadcasts.length
  expect(await settled(made, [once('c')])).toMatchObject([{ value: { code: 0 } }])
  expect(new Set(made.node.broadcasts.slice(before)).size).toBe(1)
  const superseded = once('d')
  superseded.catch(() => undefined)
  await made.clock.advance(500)
  made.node.spendSequenceElsewhere()
  expect(await settled(made, [superseded])).toMatchObject([{ reason: { code: 'tx_superseded' } }])
  expect(made.node.executed).toEqual(['a', 'b', 'c'])
})
