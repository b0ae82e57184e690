import { sequenceOf } from '../../../../src/chain/state/chain-status.ts'
import { toHex } from '../../../../src/lib/bytes.ts'
import { isDuty } from '../../../../src/protocol/messages.ts'
import { depositMessage, serveMessage } from '../../chain/chain-work.ts'
import { bytesOfActor, theCast } from '../cast.ts'
import { createSigner } from '../cheap-signing.ts'
import type { Draft } from '../draft.ts'
import { encodeDraft } from '../draft.ts'
import type { Entry, Machine } from '../machine.ts'
import { createMachine } from '../machine.ts'
import { seededRandom } from '../random.ts'
import type { Scene } from '../scenes.ts'
import { blockOf } from './sequence.ts'

/** What a sequence begins with: the entries of the state, as a database would hold them. */
export interface Start {
  readonly entries: readonly Entry[]
  readonly timeMs: bigint
}

const starts = new Map<string, Start>()
const WARM_SESSIONS = 5

/** Of the genesis or, in a warm scene, of a chain whose hosts serve and whose sessions have money. Made once a scene. */
export function startOf(scene: Scene): Start {
  const start = starts.get(scene.name) ?? makeStart(scene)
  starts.set(scene.name, start)
  return start
}

function makeStart(scene: Scene): Start {
  const machine = createMachine()
  machine.app.initChain(scene.genesis)
  const entries = machine.app
    .takeChanges()
    .flatMap(({ key, value }): Entry[] => (value === undefined ? [] : [[key, value]]))
  const genesis = { entries, timeMs: BigInt(scene.genesis.timeMs) }
  return scene.isWarm ? warmed(scene, genesis) : genesis
}

function warmed(scene: Scene, { entries, timeMs }: Start): Start {
  const cast = theCast()
  const machine = createMachine({ entries })
  const [rich] = cast.accounts
  const [validator] = cast.validators
  if (validator === undefined) {
    throw new Error('no validator')
  }
  const deposits =
    rich === undefined ? [] : cast.sessions.slice(0, WARM_SESSIONS).map((one) => depositMessage(rich, one, 3_000n))
  const drafts: Draft[] = [
    ...(rich === undefined ? [] : [{ actor: rich, messages: deposits }]),
    ...cast.founders.map((host) => ({ actor: host.device, messages: [serveMessage(host)] })),
  ]
  const rosterBlocks = scene.genesis.params.serving.rosterBlocks
  for (let block = 0; block <= rosterBlocks + 1; block++) {
    const txs = block === 0 ? drafts.map((draft) => encode(machine, scene, draft)) : []
    const header = { timeStepMs: 1_000n, proposer: toHex(validator.address) }
    const result = machine.run(blockOf(machine, { header, isReal: false, timeMs: timeMs + BigInt(block), txs }))
    const refused = result.txResults.find(({ code }) => code !== 0)
    if (refused !== undefined) {
      throw new Error(`the scene ${scene.name} cannot begin: ${refused.log}`)
    }
  }
  return { entries: [...machine.disk.values()], timeMs: timeMs + BigInt(rosterBlocks + 1) }
}

function encode({ store }: Machine, scene: Scene, draft: Draft): Uint8Array {
  return encodeDraft(draft, {
    sign: createSigner(seededRandom(1)),
    sequence: sequenceOf(store, bytesOfActor(draft.actor)),
    feePerMessage: scene.genesis.params.feePerMessage,
    isDuty,
  })
}
