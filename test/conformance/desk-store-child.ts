/** A gateway's book under load, in a process that is made to be killed: says on stdout what has resolved, a line each. */
import { toHex } from '../../src/lib/bytes.ts'
import { openDeskStore } from '../../src/main/gateway/desk-store.ts'
import { makeOrder, makeReceipt, makeVoucher, secretsOf, testKey } from '../support/work/fixtures.ts'

const path = process.argv[2] ?? ''
const say = (line: string): boolean => process.stdout.write(`${line}\n`)
const store = openDeskStore(path)
const payer = testKey('payer')
const ada = testKey('ada/owner').address

for (const entry of await store.unfinished()) {
  await store.closeOrder(entry.orderHash, { errorCode: 'gateway_restarted', isOut: true })
  say(`closed ${entry.orderHash}`)
}
for (;;) {
  const { nextSequence, promised } = await store.payer(payer.address)
  const order = makeOrder(payer, {
    prompt: [1, 2, 3, 4],
    maxTokens: 8,
    order: { sequence: nextSequence, total: promised + 1n, expiryHeight: 1_000_000n, height: 999_900n },
  })
  const name = toHex(order.hash)
  const entry = { orderHash: name, payer: payer.address, order: order.signed, atMs: Number(nextSequence) }
  await store.putOrder({ ...entry, state: 'drawing', skipped: [], outputTokens: 0, price: 0n })
  say(`put ${nextSequence} ${name}`)
  await store.nameCandidate(name, ada, [])
  await store.startStreaming(name)
  if (nextSequence % 4n === 0n) {
    await store.closeOrder(name, { errorCode: 'executor_lost', isOut: nextSequence % 8n === 0n })
    say(`closed ${name}`)
    continue
  }
  const { cumulative } = await store.lane(payer.address, ada)
  const receipt = makeReceipt(order, secretsOf('ada'))
  const price = receipt.receipt.receipt?.price ?? 0n
  const voucher = makeVoucher(payer, order, receipt, cumulative + price)
  await store.countersign(name, receipt.receipt, voucher, receipt.data)
  say(`voucher ${cumulative + price} ${name}`)
}
