import { describe, expect, it } from 'vitest'
import type { EpochPlan } from '../../../test/support/chain/chain-duties.ts'
import {
  assignmentsOf,
  commitMessage,
  lookForFinds,
  recordOf,
  registerMessage,
  runChecks,
  runRace,
  setActiveMessage,
} from '../../../test/support/chain/chain-duties.ts'
import type { HostActor } from '../../../test/support/chain/chain-harness.ts'
import { createChainHarness, hostNamed } from '../../../test/support/chain/chain-harness.ts'

const ada = hostNamed('ada')
const bob = hostNamed('bob')
const cleo = hostNamed('cleo')
const TIMEOUT_MS = 120_000

function plan(host: HostActor, finds = 20, forged = 0): EpochPlan {
  return { host, finds, forged }
}

describe('the hosts that a race checks', () => {
  it(
    'are not those that stepped aside while verifiers were drawn: their race is worth nothing',
    () => {
      const chain = createChainHarness({ hosts: [ada, bob, cleo] })
      const plans = [plan(ada), plan(bob), plan(cleo)]
      runRace(chain, plans)
      const sampleHeight = chain.params.raceLength + 2
      chain.produceUntil(sampleHeight - 2)
      expect(chain.deliver(bob.device, [setActiveMessage(bob.device.address, bob, false)]).log).toBe('')
      runChecks(chain, plans, chain.params.raceLength + chain.params.verifyLength)
      expect(chain.deliver(bob.device, [setActiveMessage(bob.device.address, bob, true)]).log).toBe('')
      runChecks(chain, plans)
      expect(assignmentsOf(chain, bob, 0n)).toEqual([])
      expect(recordOf(chain, bob)).toMatchObject({ active: true, raceVerdict: 'unverified', weight: '0', held: '0' })
      expect(recordOf(chain, ada).raceVerdict).toBe('verified')
    },
    TIMEOUT_MS,
  )

  it(
    'are at most 64 newcomers where few have weight: forged races cost nothing and must not bury the verifiers',
    () => {
      const params = { raceLength: 12, epochLength: 24 }
      const chain = createChainHarness({ hosts: [ada, bob], params })
      const dust = Array.from({ length: 72 }, (_, index) => hostNamed(`dust ${index}`))
      const nonces = Array.from({ length: 20 }, (_, nonce) => BigInt(nonce))
      for (let from = 0; from < dust.length; from += 8) {
        const joining = dust.slice(from, from + 8)
        const stamps = joining.map((host) => lookForFinds(chain, host, 1).right[0] as bigint)
        chain.produce(
          joining.map((host, index) => chain.sign(host.owner, [registerMessage(chain, host, stamps[index] as bigint)])),
        )
      }
      const racing = [...dust, ada, bob]
      const { txResults } = chain.produce(
        racing.map((host) => chain.sign(host.device, [commitMessage(chain, host, nonces)])),
      )
      expect(txResults.every(({ code }) => code === 0)).toBe(true)
      chain.produceUntil(params.raceLength + 2)
      const drawn = chain.blockEvents.find(({ type }) => type === 'verifiers_drawn')
      expect(drawn?.attributes).toMatchObject({ round: '0', hosts: String(2 + 64) })
    },
    TIMEOUT_MS,
  )

  it(
    'gain nothing while a reported find waits for its re-execution, however many cheat at once',
    () => {
      const cheats = Array.from({ length: 10 }, (_, index) => hostNamed(`cheat ${index}`))
      const chain = createChainHarness({ hosts: [...cheats, bob] })
      const plans = [...cheats.map((host) => plan(host, 20, 15)), plan(bob)]
      runRace(chain, plans)
      runChecks(chain, plans)
      const reexecuted = chain.blockEvents.filter(({ type, height }) => type === 'reexecution' && height <= 10)
      expect(reexecuted.length).toBeLessThan(cheats.length)
      expect(cheats.filter((host) => BigInt(recordOf(chain, host).weight) > 1n)).toEqual([])
      expect(recordOf(chain, bob).raceVerdict).toBe('verified')
    },
    TIMEOUT_MS,
  )
})
