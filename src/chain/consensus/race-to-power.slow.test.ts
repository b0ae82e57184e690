import { expect, it } from 'vitest'
import { ask, recordOf, runEpoch } from '../../../test/support/chain/chain-duties.ts'
import { createChainHarness, hostNamed, verifyOnce } from '../../../test/support/chain/chain-harness.ts'
import { genesisValidator, validatorNamed } from '../../../test/support/chain/validator-actor.ts'
import { toHex } from '../../lib/bytes.ts'
import { QueryValidatorsRequest, QueryValidatorsResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import type { ValidatorUpdate } from '../application.ts'
import { createApplication } from '../create-application.ts'

const HOSTS = ['ada', 'bob', 'cyd'].map(hostNamed)
const KEYS = ['ada', 'bob'].map(validatorNamed)

it('real races become power: absolute weights, carried ones, and the same updates on another machine', () => {
  const validators = KEYS.map((key, index) => genesisValidator(key, 45n, HOSTS[index]?.owner.address ?? ''))
  const chain = createChainHarness({ hosts: HOSTS, validators })
  runEpoch(
    chain,
    HOSTS.map((host) => ({ host, finds: 30 })),
  )
  runEpoch(
    chain,
    HOSTS.map((host) => ({ host, finds: 30 })),
  )
  const { validators: records, totalWeight } = ask(
    chain,
    'Validators',
    QueryValidatorsRequest.encode({ all: false }).finish(),
    QueryValidatorsResponse,
  )
  const weights = HOSTS.map((host) => BigInt(recordOf(chain, host).weight))
  expect(weights.every((weight) => weight > 20_000_000n)).toBe(true)
  expect(BigInt(totalWeight)).toBe(weights.reduce((sum, weight) => sum + weight, 0n))
  for (const [index, host] of HOSTS.slice(0, 2).entries()) {
    const record = records.find(({ owner }) => owner === host.owner.address)
    expect(record?.weight).toBe(weights[index]?.toString())
    expect(BigInt(record?.exactPower ?? '0')).toBe(
      BigInt(record?.weight ?? '0') +
        BigInt(record?.carried ?? '0') +
        (record?.differences ?? []).reduce((sum, { amount }) => sum + BigInt(amount), 0n),
    )
  }
  expect(records.reduce((sum, { carriedHosts }) => sum + carriedHosts, 0n)).toBe(1n)

  const other = createApplication({ verifySignature: verifyOnce })
  other.initChain(chain.genesis)
  const told = new Map<string, bigint>()
  const updates: ValidatorUpdate[] = []
  for (const { input, appHash } of chain.history) {
    const result = other.finalizeBlock(input)
    other.commit()
    expect(toHex(result.appHash)).toBe(toHex(appHash))
    updates.push(...result.validatorUpdates)
  }
  for (const { consensusKey, power } of updates) {
    told.set(toHex(consensusKey), power)
  }
  expect(updates.length).toBeGreaterThanOrEqual(3)
  expect(records.map(({ consensusPubkey, power }) => [toHex(consensusPubkey), power]).sort()).toEqual([...told].sort())
})
