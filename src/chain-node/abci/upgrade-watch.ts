import type { Application } from '../../chain/application.ts'
import type { CodedError } from '../../lib/coded-error.ts'
import { errorMessage } from '../../lib/coded-error.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import { clearUpgradeNotice, isUpgradeFault, upgradeFault, writeUpgradeNotice } from '../upgrade.ts'
import type { AnswerRequest } from './abci-connection.ts'
import type { AppChain } from './app-chain.ts'

/** From the last block of the old rules to the stop: meanwhile CometBFT passes that block's votes on to those who lack them. */
const GRACE_MS = 2_000

/** Requests that are about one block. */
const OF_A_BLOCK: readonly string[] = ['prepareProposal', 'processProposal', 'finalizeBlock']

export interface UpgradeWatchComponents {
  readonly chain: AppChain
  readonly clock: Clock
  readonly logger: Logger
  /** Called once: the application must end, with this error. */
  readonly onStop: (error: CodedError) => void
}

/**
 * Ends the application before the first block whose rules it does not run. CometBFT keeps the block, if there is one already, and
 * asks the next program for it; CometBFT itself ends because its connection does.
 */
export class UpgradeWatch {
  readonly #components: UpgradeWatchComponents
  readonly #options: { readonly home: string; readonly appVersion: number }
  #stopped: CodedError | undefined

  /** @throws CodedError `upgrade_needed`, `upgrade_too_early`: nothing may be started on this data */
  constructor(components: UpgradeWatchComponents, options: { readonly home: string; readonly appVersion: number }) {
    this.#components = components
    this.#options = options
    const fault = this.#faultAt(components.chain.tip.height + 1n)
    if (fault !== undefined) {
      this.#writeNotice(fault)
      throw fault
    }
    clearUpgradeNotice(options.home)
    components.chain.follow({ committed: ({ input }) => this.#committed(input.height) })
  }

  /** @throws CodedError `upgrade_needed` in place of the answer, for everything that concerns the block */
  guard(answer: AnswerRequest): AnswerRequest {
    return (request) => {
      if (OF_A_BLOCK.includes(request.kind)) {
        const { height } = request.value as { readonly height: bigint }
        const fault = this.#stopped ?? this.#faultAt(height)
        if (fault !== undefined) {
          this.#stop(fault)
          throw fault
        }
      }
      try {
        return answer(request)
      } catch (error) {
        if (isUpgradeFault(error)) {
          this.#stop(error)
        }
        throw error
      }
    }
  }

  #faultAt(height: bigint): CodedError | undefined {
    const application: Application = this.#components.chain.application
    return upgradeFault(application, this.#options.appVersion, height)
  }

  /** Nobody may ever ask for the next block: where too many have stopped, none is proposed any more. */
  #committed(height: bigint): void {
    const fault = this.#faultAt(height + 1n)
    if (fault !== undefined) {
      void this.#components.clock.sleep(GRACE_MS).then(() => this.#stop(fault))
    }
  }

  #stop(fault: CodedError): void {
    if (this.#stopped === undefined) {
      this.#stopped = fault
      this.#writeNotice(fault)
      this.#components.onStop(fault)
    }
  }

  #writeNotice(fault: CodedError): void {
    const { logger } = this.#components
    logger.log('error', 'this program must not go on', { code: fault.code, reason: fault.message, ...fault.fields })
    try {
      writeUpgradeNotice(this.#options.home, fault)
    } catch (error) {
      logger.log('warn', 'upgrade.json cannot be written', { error: errorMessage(error) })
    }
  }
}
