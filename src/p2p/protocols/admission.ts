/** How many inbound streams of one protocol may be open at once. */
export interface InboundLimits {
  readonly perPeer: number
  readonly total: number
  /** Of `total`, what peers that are no registered hosts may take together: they cannot crowd the hosts out. */
  readonly strangers: number
}

export interface Admission {
  /** Undefined where there is no room; else what gives the place back, to be called once. */
  admit(peerId: string, isHost: boolean): (() => void) | undefined
}

export function createAdmission(limits: InboundLimits): Admission {
  const perPeer = new Map<string, number>()
  let total = 0
  let strangers = 0
  return {
    admit(peerId, isHost) {
      const own = perPeer.get(peerId) ?? 0
      if (own >= limits.perPeer || total >= limits.total || (!isHost && strangers >= limits.strangers)) {
        return undefined
      }
      perPeer.set(peerId, own + 1)
      total += 1
      strangers += isHost ? 0 : 1
      return () => {
        const left = (perPeer.get(peerId) ?? 1) - 1
        if (left === 0) {
          perPeer.delete(peerId)
        } else {
          perPeer.set(peerId, left)
        }
        total -= 1
        strangers -= isHost ? 0 : 1
      }
    },
  }
}
