import type { HostRecord } from '../../src/host/ports.ts'
import { decodeAddress } from '../../src/protocol/address.ts'
import { createOracleCompute } from './host-compute.ts'
import type { TestHost, TestNetwork } from './host-network.ts'

/** @throws where the host is not registered. */
export function recordOf(host: TestHost): HostRecord {
  const record = host.contributor.view().record
  if (record === undefined) {
    throw new Error(`${host.name} is not registered`)
  }
  return record
}

/** The first finds of a host's race by the oracle, as many as it committed: a host that lost none has exactly these on chain. */
export async function compareFinds(
  host: TestHost,
  net: TestNetwork,
  epoch: number,
): Promise<{ readonly committed: readonly bigint[]; readonly real: readonly bigint[] }> {
  const signal = new AbortController().signal
  const committed = await host.chain.finds(BigInt(epoch), host.owner, signal)
  const state = await host.chain.epoch(signal)
  const target = state.races.find(({ shape }) => shape === 'dev')?.target as Uint8Array
  const compute = createOracleCompute(net.clock)
  const real: bigint[] = []
  const job = { shape: 'dev', epochSeed: state.seed, host: decodeAddress(host.owner), target } as const
  for (let from = 0n; real.length < committed.length; from = (real.at(-1) as bigint) + 1n) {
    real.push(await compute.findOne({ ...job, startNonce: from, backend: 'cpu', dutyPpm: 1_000_000 }, signal))
  }
  return { committed, real }
}
