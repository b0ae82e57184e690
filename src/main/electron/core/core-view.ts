/** The part of a snapshot that the desktop's own surfaces show. Pure. */
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { CoreView } from './core-wire.ts'

export function coreViewOf(snapshot: ScreenSnapshot): CoreView {
  const { standing, settings, troubles, work } = snapshot
  const { autostart, closeToTray, notifyFault, notifyUpdate, notifyEarning } = settings.values
  const earned = BigInt(standing?.held ?? '0') + BigInt(standing?.bond ?? '0') + BigInt(standing?.credited ?? '0')
  return {
    phase: snapshot.phase,
    joined: snapshot.joined,
    isFinishing: (work?.finishing ?? null) !== null,
    connection: snapshot.chain.connection,
    faults: standing?.faults ?? 0,
    faultCode: standing?.lastFaultCode ?? '',
    hasEarned: earned > 0n,
    earned: earned.toString(),
    troubles: troubles.map(({ code, level }) => ({ code, level })),
    update: snapshot.update,
    settings: { autostart, closeToTray, notifyFault, notifyUpdate, notifyEarning },
  }
}
