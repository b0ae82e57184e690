import type { InferencePort } from '../../../protocol/inference.ts'
import type { WorkChainPort, WorkKeysPort, WorkPeersPort, WorkStore } from '../ports.ts'
import type { Suspicions } from '../work-context.ts'
import type { WorkViewStore } from '../work-view.ts'

/** What checks ask of the world: a part of a WorkContext. */
export interface CheckingComponents {
  readonly inference: Pick<InferencePort, 'score'>
  readonly peers: Pick<WorkPeersPort, 'peerId' | 'requestWork' | 'publishCheckRequest' | 'onCheckRequest' | 'probe'>
  readonly keys: Pick<WorkKeysPort, 'signCheckRequest'>
  readonly chain: Pick<WorkChainPort, 'models' | 'escrow' | 'batch' | 'workDuties' | 'postedWork'>
  readonly store: Pick<
    WorkStore,
    'putCommitment' | 'commitment' | 'forgetCommitment' | 'keepOpening' | 'keptOpening' | 'job' | 'noteOrder'
  >
  readonly view: WorkViewStore
  readonly suspicions: Suspicions
}
