/** What the snapshot of a running instance says about earning, finding by finding. Pure. */

import type { ScreenSnapshot } from '../../ipc/snapshot.ts'
import type { Finding } from '../../ipc/wires/machine-wire.ts'
import { ok, problem, skipped, warning } from './check.ts'

/** Blocks may be late; this many times their interval without one is no lateness. */
const HALTED_INTERVALS = 20
/** About a day of blocks of one second; renewing takes one transaction. */
const EXPIRES_SOON_BLOCKS = 86_400

export function checkRunning(snapshot: ScreenSnapshot): readonly Finding[] {
  return [
    ...chainFindings(snapshot),
    peersFinding(snapshot),
    gatewayFinding(snapshot),
    ...deviceFindings(snapshot),
    ...membershipFindings(snapshot),
    ...walletFindings(snapshot),
    ...modelFindings(snapshot),
    ...troubleFindings(snapshot),
  ]
}

function chainFindings({ chain, endpoints, epoch, nowMs }: ScreenSnapshot): readonly Finding[] {
  const fields = { url: endpoints.rpc, height: chain.height, reason: chain.connection }
  const reachable =
    chain.connection === 'connected' ? ok('chain_reachable', fields) : problem('chain_reachable', fields)
  if (epoch === null) {
    return [reachable, skipped('chain_moving', { height: chain.height, seconds: 0 })]
  }
  const seconds = Math.max(0, Math.round((nowMs - epoch.lastBlockAtMs) / 1_000))
  const isHalted = nowMs - epoch.lastBlockAtMs > HALTED_INTERVALS * epoch.blockTimeMs
  const moving = { height: chain.height, seconds }
  return [reachable, isHalted ? problem('chain_moving', moving) : ok('chain_moving', moving)]
}

function peersFinding({ peers }: ScreenSnapshot): Finding {
  return peers > 0 ? ok('peers', { count: peers }) : problem('peers', { count: 0 })
}

function gatewayFinding({ gateway }: ScreenSnapshot): Finding {
  if (gateway === null) {
    return skipped('gateway', { state: 'none' })
  }
  const fields = { state: gateway.state }
  return gateway.state === 'ready' ? ok('gateway', fields) : warning('gateway', fields)
}

function deviceFindings({ device, backend, lease, shell }: ScreenSnapshot): readonly Finding[] {
  const page = lease.state === 'held' || shell === 'desktop' ? ok('page_open') : warning('page_open')
  if (device === null) {
    return [page, skipped('device_exact'), skipped('device_fast')]
  }
  const wrong = device.backends.find(({ conformant }) => !conformant)
  const isExact = device.backends.some(({ conformant }) => conformant)
  const stage = { backend: wrong?.kind ?? '', adapter: wrong?.adapter ?? '', stage: wrong?.firstDifference ?? '' }
  const exact = !isExact
    ? problem('device_exact', stage)
    : wrong === undefined
      ? ok('device_exact', stage)
      : warning('device_exact', stage)
  const used = device.backends.find(({ kind }) => kind === backend?.kind)
  const fast = { backend: backend?.kind ?? 'none', reason: backend?.reason ?? '', adapter: used?.adapter ?? '' }
  const isGpu = backend?.kind === 'webgpu' && used?.isSoftware === false
  return [page, exact, isGpu ? ok('device_fast', fast) : warning('device_fast', fast)]
}

function membershipFindings({ joined, standing, epoch, phase }: ScreenSnapshot): readonly Finding[] {
  const nextRaceBlocks = epoch?.blocksToNextRace ?? 0
  const isIn = joined && phase !== 'stopped_by_fault'
  const membership = isIn ? ok('joined') : warning('joined')
  if (standing === null) {
    return [
      membership,
      skipped('registered'),
      isIn
        ? warning('weight', { weightPpm: 0, reason: 'no_race_yet', nextRaceBlocks })
        : skipped('weight', { weightPpm: 0, reason: 'not_joined', nextRaceBlocks }),
    ]
  }
  const weight = { weightPpm: standing.weightPpm, reason: standing.raceVerdict, nextRaceBlocks }
  const faults = { faults: standing.faults, code: standing.lastFaultCode }
  return [
    membership,
    standing.active
      ? ok('registered', { height: standing.registeredHeight })
      : isIn
        ? problem('registered', { height: standing.registeredHeight })
        : skipped('registered', { height: standing.registeredHeight }),
    standing.weightPpm > 0 ? ok('weight', weight) : isIn ? warning('weight', weight) : skipped('weight', weight),
    standing.faults === 0
      ? ok('faults', faults)
      : standing.raceVerdict === 'convicted'
        ? problem('faults', faults)
        : warning('faults', faults),
  ]
}

function walletFindings({ wallet, chain, rules }: ScreenSnapshot): readonly Finding[] {
  const blocks = wallet.device.expiryHeight - chain.height
  const isPractice = rules?.network === 'local' && wallet.isStarter
  return [
    wallet.state === 'open'
      ? ok('wallet_open', { address: wallet.address })
      : warning('wallet_open', { address: wallet.address }),
    wallet.isBackedUp || isPractice
      ? ok('wallet_backup', { isStarter: wallet.isStarter })
      : warning('wallet_backup', { isStarter: wallet.isStarter }),
    // 0: the chain sets no end to it.
    wallet.device.expiryHeight === 0
      ? ok('device_key', { blocks: 0 })
      : blocks <= 0
        ? problem('device_key', { blocks })
        : blocks < EXPIRES_SOON_BLOCKS
          ? warning('device_key', { blocks })
          : ok('device_key', { blocks }),
  ]
}

function modelFindings({ work, joined }: ScreenSnapshot): readonly Finding[] {
  const services = work?.services ?? []
  if (services.length === 0) {
    return [skipped('models_served', { model: '', state: 'none', reason: joined ? 'none_chosen' : 'not_joined' })]
  }
  return services.map(({ model, state, reason }) => {
    const fields = { model, state, reason }
    return state === 'unavailable' ? problem('models_served', fields) : ok('models_served', fields)
  })
}

function troubleFindings({ troubles }: ScreenSnapshot): readonly Finding[] {
  return troubles.map(({ code, level, fields }) => {
    const named = { ...fields, trouble: code }
    return level === 'error' ? problem('trouble', named) : warning('trouble', named)
  })
}
