import { describe, expect, it } from 'vitest'
import { hostNamed, word } from '../../../test/support/chain/chain-harness.ts'
import type { WorkOptions } from '../../../test/support/chain/chain-work.ts'
import {
  batchMessage,
  createWorkbench,
  createWorkChain,
  ownerOf,
  sessionNamed,
} from '../../../test/support/chain/chain-work.ts'
import { SkipReason } from '../../protocol/gen/tailrace/v1/work.ts'
import type { TypedMessage } from '../../protocol/messages.ts'
import { createBlockBudget } from './block-budget.ts'
import { workSignatures } from './work-signatures.ts'

const [ada, bob] = ['ada', 'bob'].map(hostNamed) as [ReturnType<typeof hostNamed>, ReturnType<typeof hostNamed>]
const one = sessionNamed('one')

function batchWith(options: WorkOptions, count = 1): TypedMessage {
  const bench = createWorkbench(createWorkChain({ hosts: [ada, bob] }))
  for (let index = 0; index < count; index++) {
    bench.work(one, ada, options)
  }
  return batchMessage(bench.batch(ada).message)
}

describe('signatures inside a message', () => {
  it('are one for a lane, two for a receipt without a voucher, and one for each refusal', () => {
    expect(workSignatures(batchWith({}, 3))).toBe(1)
    expect(workSignatures(batchWith({ loose: true }, 3))).toBe(6)
    const refusal = { orderHash: new Uint8Array(32), host: ownerOf(bob), code: 'busy', height: 1n }
    const skip = {
      host: ownerOf(bob),
      reason: SkipReason.SKIP_REASON_REFUSED,
      refusal: { refusal, signature: new Uint8Array(64) },
    }
    expect(workSignatures(batchWith({ loose: true, receipt: { skipped: [skip] } }))).toBe(3)
  })

  it('use up the budget of a block in all, not of a host', () => {
    const budget = createBlockBudget(8, 10)
    const slot = (host: typeof ada, signatures: number) =>
      ({ host: ownerOf(host), kind: '/tailrace.v1.MsgOpenReceipts', signatures }) as const
    expect(budget.violation([slot(ada, 11)])?.code).toBe('work_budget')
    expect(budget.violation([slot(ada, 6), slot(ada, 5)])?.code).toBe('work_budget')
    expect(budget.violation([slot(ada, 6)])).toBeUndefined()
    budget.spendSignatures([slot(ada, 6)])
    expect(budget.violation([slot(bob, 5)])?.code).toBe('work_budget')
    expect(budget.violation([slot(bob, 4)])).toBeUndefined()
  })

  it('cost nothing in a recheck: they were verified before', () => {
    const sessions = Array.from({ length: 64 }, (_, index) => [sessionNamed(`payer ${index}`), 100n] as const)
    const chain = createWorkChain({ hosts: [ada, bob], sessions: sessions.slice(0, 6) })
    const bench = createWorkbench(chain)
    for (const [session] of sessions.slice(0, 6)) {
      bench.work(session, ada)
    }
    const tx = chain.sign(ada.device, [batchMessage(bench.batch(ada).message)])
    expect(word(chain.app.checkTx(tx))).toBe('')
    for (let block = 0; block < 3; block++) {
      chain.produce()
      expect(word(chain.app.checkTx(tx, { recheck: true }))).toBe('')
    }
    expect(word(chain.produce([tx]).txResults[1])).toBe('')
  })
})
