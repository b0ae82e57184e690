import { describe, expect, it } from 'vitest'
import { epochOf, recordOf, runEpoch } from '../../../test/support/chain-duties.ts'
import { createChainHarness, hostNamed } from '../../../test/support/chain-harness.ts'
import { readSupply } from '../state/bank.ts'

const ada = hostNamed('ada')
const bob = hostNamed('bob')

describe('an honest epoch', () => {
  it('turns finds into weight, weight into held earnings, and those into credit and bond', () => {
    const chain = createChainHarness({ hosts: [ada, bob] })
    const plans = [
      { host: ada, finds: 30 },
      { host: bob, finds: 30 },
    ]
    runEpoch(chain, plans)
    const first = recordOf(chain, ada)
    expect(first).toMatchObject({ raceVerdict: 'verified', findsVerified: 30n, weightPpm: 500_000n, held: '50000000' })
    expect(first.reputationPpm).toBe(90_909n)
    expect(epochOf(chain)).toMatchObject({ epoch: 1n, stage: 'seeding' })
    runEpoch(chain, plans)
    expect(recordOf(chain, ada)).toMatchObject({ held: '50000000', bond: '10000000', credited: '40000000' })
    expect(readSupply(chain.store)).toMatchObject({ minted: 200_000_000n, balances: 80_000_000n, bonds: 20_000_000n })
  })
})
