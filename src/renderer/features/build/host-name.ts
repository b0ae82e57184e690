import type { NetworkHost } from '../../../ipc/snapshot.ts'
import { shortAddress } from '../../format/amounts.ts'

/** What a person calls a host: `You`, its name, or its address. */
export function hostName(address: string, hosts: readonly NetworkHost[]): string {
  const host = hosts.find((candidate) => candidate.address === address)
  if (host?.isSelf === true) {
    return 'You'
  }
  return host === undefined || host.moniker === '' ? shortAddress(address) : host.moniker
}
