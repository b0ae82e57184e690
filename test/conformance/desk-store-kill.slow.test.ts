/** The gateway's book is killed with SIGKILL at random moments under load: what it said is there, and its sums are right. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { utf8 } from '../../src/lib/bytes.ts'
import { openDeskStore } from '../../src/main/gateway/desk-store.ts'
import { createDrawStream } from '../../src/protocol/draw.ts'
import { sha256 } from '../../src/protocol/hash.ts'
import { tempTree } from '../support/temp-tree.ts'
import { testKey } from '../support/work/fixtures.ts'

const KILLS = 12
/** Most and price of each order of the child. */
const MOST = 9n
const PRICE = 4n
const payer = testKey('payer').address
const ada = testKey('ada/owner').address

interface Told {
  readonly sequences: Map<bigint, string>
  readonly places: Map<bigint, string>
  readonly closed: Set<string>
}

test(`${KILLS} kills lose nothing that the book said, and give no number or place twice`, async () => {
  const path = join(tempTree({}), 'orders.sqlite')
  const told: Told = { sequences: new Map(), places: new Map(), closed: new Set() }
  const random = createDrawStream(sha256(utf8(`desk kill ${process.env.KILL_SEED ?? '1'}`)))
  for (let kill = 0; kill < KILLS; kill++) {
    await runUntilKilled(path, told, 3 + Number(random.below(40n)), Number(random.below(30n)))
    await checkBook(path, told)
  }
  expect(told.places.size).toBeGreaterThan(KILLS)
})

async function runUntilKilled(path: string, told: Told, lines: number, thenMs: number): Promise<void> {
  const script = fileURLToPath(new URL('./desk-store-child.ts', import.meta.url))
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const exit = once(child, 'exit')
  let heard = 0
  for await (const line of createInterface({ input: child.stdout })) {
    hear(line, told)
    heard += 1
    if (heard === lines) {
      setTimeout(() => child.kill('SIGKILL'), thenMs)
    }
  }
  await exit
  expect(heard).toBeGreaterThanOrEqual(lines)
}

function hear(line: string, { sequences, places, closed }: Told): void {
  const [kind, first = '', second = ''] = line.split(' ')
  const said = kind === 'put' ? sequences : places
  if (kind === 'closed') {
    closed.add(first)
    return
  }
  expect(said.has(BigInt(first))).toBe(false)
  said.set(BigInt(first), second)
}

async function checkBook(path: string, told: Told): Promise<void> {
  const store = openDeskStore(path)
  try {
    for (const [sequence, name] of told.sequences) {
      expect((await store.order(name))?.order.order?.sequence).toBe(sequence)
    }
    for (const [place, name] of told.places) {
      expect(await store.order(name)).toMatchObject({ state: 'done', voucher: { voucher: { cumulative: place } } })
    }
    for (const name of told.closed) {
      expect((await store.order(name))?.state).toMatch(/^(lost|failed)$/)
    }
    const all = await store.orders(1_000_000)
    const inState = (...states: string[]) => BigInt(all.filter(({ state }) => states.includes(state)).length)
    expect(await store.payer(payer)).toMatchObject({
      nextSequence: BigInt(all.length) + 1n,
      owed: PRICE * inState('done'),
      reserved: MOST * inState('drawing', 'streaming', 'lost'),
    })
    expect(await store.lane(payer, ada)).toMatchObject({ cumulative: PRICE * inState('done') })
  } finally {
    store.close()
  }
}
