import { createRouterClient } from '@orpc/server'
import { describe, expect, it } from 'vitest'
import { idleSnapshot, SAMPLE_NOW_MS } from '../../../test/support/screen/sample-snapshot.ts'
import { VERIFIED } from '../../../test/support/screen/scenes/build-scenes.ts'
import { longLedger, withLedger } from '../../../test/support/screen/scenes/why-scenes.ts'
import { orderHash, WORK } from '../../../test/support/screen/scenes/work-scenes.ts'
import { createScreenHost } from '../../../test/support/screen/screen-host.ts'
import { settle } from '../../../test/support/screen/settle.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { ScreenClient } from '../../ipc/screen-client.ts'
import type { ChatEvent } from '../../ipc/wires/developer-wire.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { PagePlatform } from './follow-page.ts'
import { followPage } from './follow-page.ts'
import { extendHistory, NO_HISTORY, prependPage } from './ledger-history.ts'
import { pageOfFragment } from './pages.ts'
import { createScreenActions } from './screen-actions.ts'
import { createScreenStore, receiveSnapshot } from './screen-store.ts'

const TOKEN = 'ab'.repeat(32)

function createActions() {
  const { backend, router } = createScreenHost()
  const store = createScreenStore({ link: 'connected' })
  const client = createRouterClient(router) as unknown as ScreenClient
  let isConnected = true
  const actions = createScreenActions({
    store,
    client: () => (isConnected ? client : undefined),
    takeOver: () => undefined,
  })
  const disconnect = () => {
    isConnected = false
  }
  return { backend, store, actions, disconnect }
}

describe('the open page', () => {
  function createPlatform(hash: string, stored?: string) {
    const values = new Map(stored === undefined ? [] : [['tailrace.page', stored]])
    const listeners = new Set<() => void>()
    const location = { hash }
    const platform: PagePlatform = {
      location,
      storage: { getItem: (key) => values.get(key) ?? null, setItem: (key, value) => void values.set(key, value) },
      events: {
        addEventListener: (_type, listener) => listeners.add(listener),
        removeEventListener: (_type, listener) => listeners.delete(listener),
      },
    }
    const go = (next: string) => {
      location.hash = next
      for (const listener of listeners) {
        listener()
      }
    }
    return { platform, go, values }
  }

  it('is the first one for who comes for the first time, with or without a token', () => {
    for (const hash of ['', `#token=${TOKEN}`, '#elsewhere', '#token=work']) {
      const store = createScreenStore()
      followPage(createPlatform(hash).platform, store)
      expect(store.getState().page).toBe('home')
    }
  })

  it('stands in the fragment beside the token, and is remembered', () => {
    expect(pageOfFragment(`#token=${TOKEN}&why`)).toBe('why')
    expect(pageOfFragment('#build')).toBe('build')
    const { platform, go, values } = createPlatform('')
    const store = createScreenStore()
    const stop = followPage(platform, store)
    go('#work')
    expect([store.getState().page, values.get('tailrace.page')]).toEqual(['work', 'work'])
    go(`#token=${TOKEN}`)
    expect(store.getState().page).toBe('work')
    go('')
    expect(store.getState().page).toBe('home')
    stop()
    go('#why')
    expect(store.getState().page).toBe('home')
    const next = createScreenStore()
    followPage(createPlatform(`#token=${TOKEN}`, 'build').platform, next)
    expect(next.getState().page).toBe('build')
    followPage(createPlatform('#why', 'build').platform, next)
    expect(next.getState().page).toBe('why')
    followPage(createPlatform('', 'nonsense').platform, next)
    expect(next.getState().page).toBe('why')
  })

  it('is found under its former name, in the address and in what the browser remembers', () => {
    for (const { platform } of [createPlatform('#overview', 'build'), createPlatform('', 'overview')]) {
      const store = createScreenStore({ page: 'logs' })
      followPage(platform, store)
      expect(store.getState().page).toBe('home')
    }
  })
})

describe('what is known of the ledger', () => {
  const ascending = longLedger(300)
  const part = (from: number, to: number) => ascending.slice(from - 1, to).reverse()

  it('grows at both ends without gaps', () => {
    const start = extendHistory(NO_HISTORY, part(251, 300))
    const more = prependPage(start, part(151, 250))
    expect(more.entries.map(({ sequence }) => Number(sequence))).toEqual(
      Array.from({ length: 150 }, (_, at) => 300 - at),
    )
    expect(more.isComplete).toBe(false)
    const whole = prependPage(prependPage(more, part(51, 150)), part(1, 50))
    expect([whole.entries.length, whole.isComplete]).toEqual([300, true])
    expect(extendHistory(extendHistory(NO_HISTORY, part(200, 249)), part(240, 289)).entries).toHaveLength(90)
    expect(extendHistory(whole, part(251, 300))).toBe(whole)
  })

  it('begins anew after a gap and after another ledger', () => {
    const old = extendHistory(NO_HISTORY, part(101, 150))
    expect(extendHistory(old, part(152, 201)).entries).toHaveLength(50)
    expect(extendHistory(old, part(151, 200)).entries).toHaveLength(100)
    const other = part(1, 30).map((entry) => ({ ...entry, height: entry.height + 7 }))
    expect(extendHistory(old, other)).toEqual({ entries: other, isComplete: true })
    expect(extendHistory(old, [])).toEqual({ entries: [], isComplete: true })
  })

  it('ignores a page that is no longer the next one, and ends with an empty one', () => {
    const start = extendHistory(NO_HISTORY, part(251, 300))
    const page = part(151, 250)
    const once = prependPage(start, page)
    expect(prependPage(once, page)).toBe(once)
    expect(prependPage(start, [])).toEqual({ ...start, isComplete: true })
  })

  it('is read in pages that end before what is known', async () => {
    const { backend, store, actions } = createActions()
    backend.page = { ...backend.page, entries: ascending }
    receiveSnapshot(store, withLedger(idleSnapshot(), ascending), SAMPLE_NOW_MS)
    while (!store.getState().history.isComplete) {
      expect(await actions.readEarlier()).toBe(true)
    }
    expect(backend.commands).toEqual(['ledger 151 100', 'ledger 51 100', 'ledger 1 50'])
    expect(store.getState().history.entries.map(({ sequence }) => sequence)).toEqual(
      part(1, 300).map(({ sequence }) => sequence),
    )
    expect(await actions.readEarlier()).toBe(true)
    expect(backend.commands).toHaveLength(3)
  })

  it('ends where the chain keeps no more, and says when the host is silent', async () => {
    const { backend, store, actions, disconnect } = createActions()
    backend.page = { ...backend.page, entries: ascending.slice(200) }
    receiveSnapshot(store, withLedger(idleSnapshot(), ascending), SAMPLE_NOW_MS)
    backend.nextError = new CodedError('chain_unreachable', 'no')
    expect(await actions.readEarlier()).toBe(false)
    expect(await actions.readEarlier()).toBe(true)
    expect(await actions.readEarlier()).toBe(true)
    expect(store.getState().history).toMatchObject({ isComplete: true })
    expect(store.getState().history.entries).toHaveLength(100)
    disconnect()
    receiveSnapshot(store, withLedger(idleSnapshot(), ascending.slice(0, 90)), SAMPLE_NOW_MS)
    expect(await actions.readEarlier()).toBe(false)
  })
})

describe('finish', () => {
  it('is pending until the host shows a step of it, and a join takes it back', async () => {
    const { backend, store, actions } = createActions()
    const serving = { ...idleSnapshot(), joined: true, phase: 'settled' as const, work: WORK }
    await actions.finish()
    expect(backend.commands).toEqual(['finish'])
    receiveSnapshot(store, serving, SAMPLE_NOW_MS)
    expect(store.getState().pending).toBe('finish')
    const finishing = { ...serving, work: { ...WORK, finishing: 'batching' as const } }
    receiveSnapshot(store, finishing, SAMPLE_NOW_MS)
    expect(store.getState().pending).toBeUndefined()
    await actions.join()
    receiveSnapshot(store, finishing, SAMPLE_NOW_MS)
    expect(store.getState().pending).toBe('join')
    receiveSnapshot(store, serving, SAMPLE_NOW_MS)
    expect(store.getState().pending).toBeUndefined()
  })
})

describe('a receipt', () => {
  it('comes as a file and with a verdict, and a failure as its code', async () => {
    const { backend, actions, disconnect } = createActions()
    const hash = orderHash(12)
    const name = `tailrace-receipt-${hash.slice(0, 16)}.json`
    expect(await actions.receiptFile(hash)).toEqual({ value: { name, text: undefined } })
    backend.receipt = '{"format":"tailrace-receipt/1"}'
    expect(await actions.receiptFile(hash)).toEqual({ value: { name, text: backend.receipt } })
    backend.verdict = VERIFIED
    expect(await actions.verifyReceipt(hash)).toEqual({ value: VERIFIED })
    backend.nextError = new CodedError('gateway_unreachable', 'no')
    expect(await actions.verifyReceipt(hash)).toEqual({ failure: 'gateway_unreachable' })
    disconnect()
    expect(await actions.receiptFile(hash)).toEqual({ failure: 'connection_lost' })
  })
})

describe('the playground', () => {
  const SETTINGS = { model: 'whale-0.9m', temperature: 0.7, maxTokens: 32, withEarlierTurns: true }
  const DONE: ChatEvent = {
    type: 'done',
    finish: 'stop',
    orderHash: orderHash(1),
    executor: 'tail1x',
    promptTokens: 3,
    outputTokens: 2,
    price: '7',
  }

  it('streams an answer and keeps it with who answered', async () => {
    const { backend, store, actions } = createActions()
    backend.answer = [{ type: 'text', text: 'the ' }, { type: 'text', text: 'whale' }, DONE]
    await actions.chat.send('call me', SETTINGS)
    expect(store.getState().chat).toEqual([
      { prompt: 'call me', answer: 'the whale', state: 'done', end: DONE, failure: undefined },
    ])
    actions.chat.clear()
    expect(store.getState().chat).toEqual([])
  })

  it('sends the turns before, without those that failed, where that is wanted', async () => {
    const { backend, store, actions } = createActions()
    const sent: unknown[] = []
    const own = backend.chat.bind(backend)
    backend.chat = (input, signal) => {
      sent.push(input.messages.map(({ role, content }) => `${role}: ${content}`))
      return own(input, signal)
    }
    backend.answer = [{ type: 'text', text: 'one' }, DONE]
    await actions.chat.send('a', SETTINGS)
    backend.answer = [
      { type: 'text', text: 'half' },
      { type: 'failed', code: 'executor_lost', message: '', fields: {} },
    ]
    await actions.chat.send('b', SETTINGS)
    backend.answer = [DONE]
    await actions.chat.send('c', SETTINGS)
    await actions.chat.send('d', { ...SETTINGS, withEarlierTurns: false })
    expect(sent).toEqual([
      ['user: a'],
      ['user: a', 'assistant: one', 'user: b'],
      ['user: a', 'assistant: one', 'user: c'],
      ['user: d'],
    ])
    expect(store.getState().chat.map(({ state }) => state)).toEqual(['done', 'failed', 'done', 'done'])
  })

  it('stops at a word, which ends the order at the host', async () => {
    const { backend, store, actions } = createActions()
    backend.answer = [{ type: 'text', text: 'the sea ' }]
    const sent = actions.chat.send('a', SETTINGS)
    await waitFor('the first words', () => store.getState().chat[0]?.answer === 'the sea ')
    await actions.chat.send('meanwhile', SETTINGS)
    actions.chat.clear()
    expect(store.getState().chat).toHaveLength(1)
    actions.chat.stop()
    await sent
    expect(store.getState().chat[0]).toMatchObject({ answer: 'the sea ', state: 'stopped' })
    await waitFor('the host hears of it', () => backend.stoppedChats === 1)
    await settle()
  })

  it('fails with a code, never by rejecting', async () => {
    const { backend, store, actions, disconnect } = createActions()
    backend.nextError = new CodedError('gateway_unreachable', 'no gateway')
    await actions.chat.send('a', SETTINGS)
    disconnect()
    await actions.chat.send('b', SETTINGS)
    expect(store.getState().chat.map(({ failure }) => failure?.code)).toEqual([
      'gateway_unreachable',
      'connection_lost',
    ])
  })

  it('keeps a bounded number of turns', async () => {
    const { backend, store, actions } = createActions()
    backend.answer = [{ type: 'text', text: 'x' }, DONE]
    for (let turn = 0; turn < 60; turn++) {
      await actions.chat.send(`${turn}`, SETTINGS)
    }
    const { chat } = store.getState()
    expect([chat.length, chat[0]?.prompt, chat.at(-1)?.prompt]).toEqual([50, '10', '59'])
    expect(backend.commands.at(-1)).toBe('chat 59')
  })
})
