import { CodedError, errorCode } from '../../../lib/coded-error.ts'
import type { WorkData } from '../../../protocol/gen/tailrace/v1/work.ts'
import type { ScoreJob } from '../../../protocol/inference.ts'
import type { OwnPass } from '../../../protocol/work/judge.ts'
import { samplingSeed } from '../../../protocol/work/order.ts'
import type { CheckingComponents } from './checking-components.ts'
import { DeadlineTurns } from './deadline-turns.ts'
import type { Duty } from './duty.ts'
import { deadlineOf } from './duty.ts'

export interface Scoring {
  /**
   * One pass over the claimed tokens. @throws CodedError for everything that says nothing about the tokens: no device, no
   * model, stopped
   */
  pass(duty: Duty, data: WorkData, engine: ScoreJob['engine'], signal: AbortSignal): Promise<OwnPass>
  /** Of the duty's model, as the chain has it. @throws CodedError `unknown_model` */
  contextTokens(duty: Duty, signal: AbortSignal): Promise<number>
}

const MOST_WAITING = 256
/** The engine's word that these tokens cannot follow this prompt in this model, on any machine. */
const NOT_COMPUTABLE_CODES: readonly string[] = ['invalid_job', 'invalid_sampling']

export function createScoring(
  components: Pick<CheckingComponents, 'inference' | 'chain'>,
  options: { readonly maxParallel: number },
): Scoring {
  const { inference, chain } = components
  const turns = new DeadlineTurns(options.maxParallel, MOST_WAITING)
  return {
    async pass(duty, data, engine, signal) {
      const job = scoreJobOf(duty, data, engine)
      try {
        return await turns.run(deadlineOf(duty), () => inference.score(job, signal), signal)
      } catch (error) {
        signal.throwIfAborted()
        if (NOT_COMPUTABLE_CODES.includes(errorCode(error))) {
          return 'not_computable'
        }
        throw error
      }
    },
    async contextTokens(duty, signal) {
      const { model } = duty.subject.order
      const record = (await chain.models(signal)).find(({ id }) => id === model)
      if (record === undefined) {
        throw new CodedError('unknown_model', 'the network does not know the model', { fields: { model } })
      }
      return record.contextTokens
    },
  }
}

/** The data fits the order's hashes, so request and sampling are within their bounds. @throws CodedError `malformed_duty` */
function scoreJobOf({ subject }: Duty, { request, prompt, output }: WorkData, engine: ScoreJob['engine']): ScoreJob {
  if (request?.sampling === undefined) {
    throw new CodedError('malformed_duty', 'work data without its request')
  }
  return {
    model: subject.order.model,
    prompt,
    output,
    sampling: request.sampling,
    samplingSeed: samplingSeed(request, subject.orderHash),
    choice: request.choice,
    stop: request.stop,
    engine,
  }
}
