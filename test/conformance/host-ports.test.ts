/** The layers below a host fit its ports: said by types, and, where numbers are repeated, by comparison. */
import { describe, expect, expectTypeOf, it } from 'vitest'
import { codeNumber } from '../../src/chain/tx-codes.ts'
import type { PeerDirectory as HostPeerDirectory, PeersPort } from '../../src/host/ports.ts'
import { ALREADY_THERE_CODES, TRY_LATER_CODES } from '../../src/host/submitting.ts'
import type { WorkPeersPort } from '../../src/host/work/ports.ts'
import type { PeerNode } from '../../src/p2p/create-peer-node.ts'
import type { PeerDirectory } from '../../src/p2p/directory.ts'

describe('a peer node', () => {
  it('is a PeersPort and a WorkPeersPort, and takes the directory that a host side offers', () => {
    expectTypeOf<PeerNode>().toExtend<PeersPort>()
    expectTypeOf<PeerNode>().toExtend<WorkPeersPort>()
    expectTypeOf<HostPeerDirectory>().toExtend<PeerDirectory>()
  })
})

describe('the refusals on which a host acts', () => {
  it('carry the numbers of the chain', () => {
    for (const [word, number] of Object.entries({ ...TRY_LATER_CODES, ...ALREADY_THERE_CODES })) {
      expect(codeNumber(word as keyof typeof TRY_LATER_CODES)).toEqual({ codespace: 'tailrace', code: number })
    }
  })
})
