import { balanceOf } from '../../../../src/chain/state/bank.ts'
import { availableOf, listEscrows, promiseLimit, readEscrow } from '../../../../src/chain/state/work/escrows.ts'
import { listServices, readService } from '../../../../src/chain/state/work/services.ts'
import { encodeAddress } from '../../../../src/protocol/address.ts'
import type { EscrowState } from '../../../../src/protocol/gen/tailrace/v1/state.ts'
import { Duty } from '../../../../src/protocol/gen/tailrace/v1/tx.ts'
import type { Actor } from '../../chain/chain-harness.ts'
import { batchMessage, depositMessage, serveMessage, TEST_MODEL, withdrawMessage } from '../../chain/chain-work.ts'
import { pick } from '../../malformed/bend-bytes.ts'
import { bytesOfActor } from '../cast.ts'
import type { Draft } from '../draft.ts'
import { between, chance, shuffled } from '../random.ts'
import type { BatchBend } from '../work/batch-tree.ts'
import { makeBatch, makeOrder } from '../work/batch-tree.ts'
import type { Move, World } from '../world.ts'
import { liveHosts, mayAct } from '../world.ts'

/** Deposits, services and batches of receipts. */
export const WORK_MOVES: readonly Move[] = [
  { typeUrl: '/tailrace.v1.MsgDepositEscrow', weight: 3, make: makeDeposit },
  { typeUrl: '/tailrace.v1.MsgWithdrawEscrow', weight: 1, make: makeWithdrawal },
  { typeUrl: '/tailrace.v1.MsgServeModels', weight: 2, make: makeService },
  { typeUrl: '/tailrace.v1.MsgSubmitBatch', weight: 14, make: makeSubmission },
  { typeUrl: '/tailrace.v1.MsgProveOvercommit', weight: 1, make: makeProof },
]

function makeDeposit(world: World): Draft | undefined {
  const { random, cast, store, params } = world
  const session = pick(random, cast.sessions)
  const before = readEscrow(store, bytesOfActor(session))
  if (before !== undefined && (before.releaseHeight !== 0n || before.frozen)) {
    return undefined
  }
  const owner = before === undefined ? pick(random, cast.accounts) : cast.find(encodeAddress(before.owner))
  const amount = BigInt(between(random, 1, 3_000))
  if (owner === undefined || balanceOf(store, bytesOfActor(owner)) < amount + params.feePerMessage) {
    return undefined
  }
  return { actor: owner, messages: [depositMessage(owner, session, amount, termsOf(world, before))] }
}

/** Of a new escrow anything; of one that is there the same or wider. */
function termsOf({ random, height }: World, before: EscrowState | undefined): Parameters<typeof depositMessage>[3] {
  if (before !== undefined) {
    const { models, maxPrice, spendLimit, expiryHeight } = before
    return { models, maxPrice, spendLimit, expiryHeight: expiryHeight + BigInt(between(random, 0, 9)) }
  }
  return {
    models: chance(random, 0.5) ? [TEST_MODEL.id] : [],
    spendLimit: chance(random, 0.2) ? BigInt(between(random, 100, 2_000)) : 0n,
    maxPrice: chance(random, 0.1) ? TEST_MODEL.price * 2n : 0n,
    expiryHeight: BigInt(height + (chance(random, 0.1) ? between(random, 1, 12) : 1_000)),
  }
}

function makeWithdrawal(world: World): Draft | undefined {
  const { random, cast, store } = world
  const open = listEscrows(store).filter(({ releaseHeight }) => releaseHeight === 0n)
  if (open.length === 0) {
    return undefined
  }
  const escrow = pick(random, open)
  const [owner, session] = [escrow.owner, escrow.payer].map((address) => cast.find(encodeAddress(address)))
  return owner === undefined || session === undefined || balanceOf(store, escrow.owner) < world.params.feePerMessage
    ? undefined
    : { actor: owner, messages: [withdrawMessage(owner, session)] }
}

function makeService(world: World): Draft | undefined {
  const { random, store } = world
  const hosts = liveHosts(world).filter((host) => mayAct(host, world, Duty.DUTY_SERVE))
  if (hosts.length === 0) {
    return undefined
  }
  const host = pick(random, hosts)
  const serves = listServices(store, host.state.owner).some(({ service }) => service.sinceHeight !== 0n)
  const tokensPerSecond = between(random, 1, 400)
  const message = serveMessage(host, serves && chance(random, 0.15) ? [] : [{ tokensPerSecond }])
  return { actor: host.device, messages: [message] }
}

/** Sessions whose escrows can pay something now. */
function solventSessions({ cast, store, height }: World): Actor[] {
  return cast.sessions.filter((session) => {
    const escrow = readEscrow(store, bytesOfActor(session))
    return (
      escrow !== undefined &&
      escrow.releaseHeight === 0n &&
      escrow.expiryHeight > BigInt(height) &&
      availableOf(escrow) > 200n
    )
  })
}

const SENT_AGAIN = 0.04

function makeSubmission(world: World): Draft | undefined {
  const { random, store, memory } = world
  const hosts = liveHosts(world).filter(
    (host) =>
      mayAct(host, world, Duty.DUTY_SERVE) &&
      (readService(store, host.state.owner, TEST_MODEL.id)?.listedHeight ?? 0n) !== 0n,
  )
  const sessions = solventSessions(world)
  if (hosts.length === 0 || sessions.length === 0) {
    return undefined
  }
  const host = pick(random, hosts)
  const lanes = shuffled(random, sessions)
    .slice(0, between(random, 1, 3))
    .map((session) => ({ session, count: between(random, 1, 3) }))
  const bend = batchBend(world)
  const before = chance(random, SENT_AGAIN) ? [...memory.trees.values()].at(-1)?.message : undefined
  if (before !== undefined) {
    const sender = hosts.find(({ device }) => device.address === before.signer) ?? host
    return { actor: sender.device, messages: [batchMessage({ ...before, signer: sender.device.address })] }
  }
  const tree = makeBatch(world, host, lanes, bend ?? {})
  if (tree === undefined) {
    return undefined
  }
  return {
    actor: host.device,
    messages: [batchMessage(tree.message)],
    told: ({ code, events }) => {
      const id = events.find(({ type }) => type === 'batch')?.attributes.find(({ key }) => key === 'id')?.value
      if (code === 0 && id !== undefined) {
        memory.trees.set(BigInt(id), tree)
      }
    },
  }
}

/** What the chain sees at once or when leaves are opened. */
function batchBend({ random, cast }: World): BatchBend | undefined {
  if (chance(random, 0.7)) {
    return chance(random, 0.25) ? { loose: true } : undefined
  }
  return pick<BatchBend>(random, [
    { undrawn: true },
    { greedy: true },
    { receipt: { price: 45n } },
    { receipt: { promptTokens: 99 } },
    { voucherSigner: cast.accounts[0] as Actor },
  ])
}

/** A total that no escrow can owe, or two orders of one sequence. */
function makeProof(world: World): Draft | undefined {
  const { random, memory, store } = world
  const hosts = liveHosts(world).filter((host) => mayAct(host, world, Duty.DUTY_SERVE))
  const sessions = solventSessions(world)
  if (hosts.length === 0 || sessions.length === 0) {
    return undefined
  }
  const [host, session] = [pick(random, hosts), pick(random, sessions)]
  const escrow = readEscrow(store, bytesOfActor(session))
  const isGreedy = chance(random, 0.5)
  const total = escrow === undefined ? 0n : promiseLimit(escrow)
  const first = makeOrder(world, session, host, { undrawn: true, greedy: isGreedy }, total)
  const before = memory.orders.get(session.address) ?? 1n
  memory.orders.set(session.address, before - 1n)
  const second = isGreedy ? undefined : makeOrder(world, session, host, { undrawn: true }, total + 7n)
  if (first === undefined || (!isGreedy && second === undefined)) {
    return undefined
  }
  const value = { signer: host.device.address, first, second }
  return { actor: host.device, messages: [{ typeUrl: '/tailrace.v1.MsgProveOvercommit', value }] }
}
