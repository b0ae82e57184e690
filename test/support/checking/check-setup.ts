import { encodeAddress } from '../../../src/protocol/address.ts'
import type { ServingParams } from '../../../src/protocol/work/serving-params.ts'
import type { CheckWorld } from '../chain/chain-checks.ts'
import { createCheckWorld, sendBatch } from '../chain/chain-checks.ts'
import { hostNamed } from '../chain/chain-harness.ts'
import { sessionNamed } from '../chain/chain-work.ts'
import type { CheckingHost, CheckingHostOptions } from './checking-world.ts'
import { CheckingWorld } from './checking-world.ts'
import type { ToyWorkOptions } from './toy-work.ts'
import { ToyExecutor, toyWork } from './toy-work.ts'

export const ADA = hostNamed('ada')
export const OTHERS = ['bob', 'cleo', 'dora', 'emil'].map(hostNamed)
export const SESSION = sessionNamed('one')

const WINDOWS: Partial<ServingParams> = {
  openingBlocks: 6,
  checkBlocks: 12,
  postBlocks: 6,
  commitBlocks: 8,
  revealBlocks: 6,
}

export interface CheckSetup {
  readonly base: CheckWorld
  readonly world: CheckingWorld
  readonly executor: ToyExecutor
  readonly hosts: readonly CheckingHost[]
}

export interface CheckSetupOptions {
  /** Default: one honest work. */
  readonly works?: readonly ToyWorkOptions[]
  /** Of every host that checks. */
  readonly host?: CheckingHostOptions
  readonly serving?: Partial<ServingParams>
  /** Other numbers draw other hosts. Default 3. */
  readonly blocksBefore?: number
}

/** Ada has batched these works; everybody else checks. */
export function setUpChecks(options: CheckSetupOptions = {}): CheckSetup {
  const { works = [{}], host = {}, serving = {}, blocksBefore = 3 } = options
  const base = createCheckWorld([ADA, ...OTHERS], [SESSION], { ...WINDOWS, ...serving })
  const world = new CheckingWorld(base)
  const done = works.map((options) => toyWork(base.chain, base.bench, SESSION, ADA, options))
  // What has no voucher is batched when it is old enough.
  base.chain.produceUntil(base.chain.height + blocksBefore)
  const executor = new ToyExecutor(world, sendBatch(base.chain, ADA, base.bench.batch(ADA)), done)
  return { base, world, executor, hosts: OTHERS.map((actor) => world.startHost(actor, host)) }
}

/** The host that the chain drew to verify this point. */
export function verifierOf({ executor, hosts }: CheckSetup, point = 0): CheckingHost {
  const drawn = executor.checks()[point]?.checkers[0]?.host ?? new Uint8Array(0)
  const host = hosts.find(({ context }) => context.keys.ownerAddress === encodeAddress(drawn))
  if (host === undefined) {
    throw new Error('nobody of these is the verifier')
  }
  return host
}
