/**
 * Which models this host offers: loaded on its device, measured, said on chain while it takes part. Invariant: the chain is told
 * what the device reports, and hears of it when that changes; an order is taken only for what is loaded now.
 */
import { errorCode } from '../../lib/coded-error.ts'
import type { ServiceRecord } from '../../protocol/gen/tailrace/v1/query.ts'
import type { ServiceOffer } from '../../protocol/gen/tailrace/v1/tx.ts'
import { MsgServeModels } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { InferenceReport } from '../../protocol/inference.ts'
import { isNumericClass } from '../../protocol/work/classes.ts'
import { WORK_LIMITS } from '../../protocol/work/limits.ts'
import type { ChainSnapshot } from '../chain-snapshot.ts'
import { isOurDevice, isTakingPart } from '../joining.ts'
import { submitMessage } from '../submitting.ts'
import { forEachSnapshot } from '../tasks.ts'
import type { WorkContext } from './work-context.ts'
import type { ServedModelView } from './work-view.ts'

export interface Serving {
  run(signal: AbortSignal): Promise<void>
  /** Undefined where an order for this model cannot be taken now. */
  report(model: string): InferenceReport | undefined
  /** The device failed on this model: it is loaded anew before the next order. */
  doubt(model: string): void
  setOffering(isOffering: boolean): void
}

interface Served {
  readonly report: InferenceReport | undefined
  readonly errorCode: string | undefined
  /** Not tried again below this height. */
  readonly restsUntil: number
  readonly failures: number
}

/** Blocks between looks at what the chain says that this host serves. */
const LOOK_EVERY_BLOCKS = 10
const LONGEST_REST_BLOCKS = 32
/** A speed that differs by less than a quarter is noise of the measurement. */
const SPEED_TOLERANCE = 0.25
const MOST_TOKENS_PER_SECOND = 1_000_000

export function createServing(work: WorkContext): Serving {
  return new ServingRun(work)
}

class ServingRun implements Serving {
  readonly #work: WorkContext
  readonly #served = new Map<string, Served>()
  #isOffering = true
  #generation: number | undefined
  /** What the chain said last, and when it is asked again. */
  #onChain: readonly ServiceRecord[] | undefined
  #looksAt = 0

  constructor(work: WorkContext) {
    this.#work = work
  }

  run(signal: AbortSignal): Promise<void> {
    const { host } = this.#work
    const wants = ({ record }: ChainSnapshot) => record !== undefined && isOurDevice(host, record)
    return forEachSnapshot(host, 'serving', wants, (snapshot, end) => this.#step(snapshot, end), signal)
  }

  report(model: string): InferenceReport | undefined {
    this.#forgetOldGeneration()
    return this.#served.get(model)?.report
  }

  doubt(model: string): void {
    this.#served.delete(model)
    this.#show()
  }

  setOffering(isOffering: boolean): void {
    this.#isOffering = isOffering
    this.#looksAt = 0
  }

  async #step(snapshot: ChainSnapshot, signal: AbortSignal): Promise<void> {
    const isWanted = this.#isOffering && isTakingPart(this.#work.host, snapshot)
    const models = isWanted ? await this.#knownModels(signal) : []
    this.#forgetOldGeneration()
    for (const model of models) {
      await this.#ensureLoaded(model, snapshot.height, signal)
    }
    this.#show()
    await this.#tell(models, snapshot.height, signal)
  }

  async #knownModels(signal: AbortSignal): Promise<readonly string[]> {
    const { chain, options, view } = this.#work
    const known = new Set((await chain.models(signal)).map(({ id }) => id))
    for (const model of options.models.filter((each) => !known.has(each) && !this.#served.has(each))) {
      this.#served.set(model, { report: undefined, errorCode: 'unknown_model', restsUntil: 0, failures: 1 })
      view.notice('warning', 'model_unknown', { model })
    }
    return [...options.models]
      .filter((model) => known.has(model))
      .sort()
      .slice(0, WORK_LIMITS.offersPerHost)
  }

  #forgetOldGeneration(): void {
    const generation = this.#work.inference.generation?.()
    if (generation !== this.#generation) {
      this.#generation = generation
      this.#served.clear()
    }
  }

  async #ensureLoaded(model: string, height: number, signal: AbortSignal): Promise<void> {
    const { inference, view } = this.#work
    const before = this.#served.get(model)
    if (before?.report !== undefined || (before !== undefined && before.restsUntil > height)) {
      return
    }
    const generation = inference.generation?.()
    try {
      const report = await inference.load(model, signal)
      if (inference.generation?.() !== generation) {
        return
      }
      if (!isNumericClass(report.numericClass)) {
        this.#fail(model, 'unknown_class', height)
        return
      }
      this.#served.set(model, { report, errorCode: undefined, restsUntil: 0, failures: 0 })
    } catch (error) {
      signal.throwIfAborted()
      this.#fail(model, errorCode(error), height)
      view.notice('warning', 'model_unavailable', { model, error: errorCode(error) })
    }
  }

  #fail(model: string, code: string, height: number): void {
    const failures = (this.#served.get(model)?.failures ?? 0) + 1
    const restsUntil = height + Math.min(LONGEST_REST_BLOCKS, 2 ** failures)
    this.#served.set(model, { report: undefined, errorCode: code, restsUntil, failures })
  }

  /** Says on chain what is offered, where it says otherwise. */
  async #tell(models: readonly string[], height: number, signal: AbortSignal): Promise<void> {
    const { host, chain, view } = this.#work
    if (this.#onChain === undefined || height >= this.#looksAt) {
      this.#onChain = await chain.services(host.keys.ownerAddress, signal)
      this.#looksAt = height + LOOK_EVERY_BLOCKS
    }
    const offers = models.flatMap((model) => offerOf(this.#served.get(model)?.report))
    const said = this.#onChain.flatMap(({ service }) =>
      service !== undefined && service.sinceHeight > 0n ? service : [],
    )
    const isSaid = offers.length === said.length && offers.every((offer) => said.some((other) => isLike(offer, other)))
    if (isSaid) {
      return
    }
    const value = MsgServeModels.fromPartial({ signer: host.keys.deviceAddress, host: host.keys.ownerAddress, offers })
    const result = await submitMessage(host, { typeUrl: '/tailrace.v1.MsgServeModels', value }, 'device', signal)
    this.#looksAt = 0
    if (result.status !== 'executed') {
      return
    }
    for (const { model, tokensPerSecond } of offers.filter((offer) => !said.some((other) => isLike(offer, other)))) {
      view.notice('info', 'model_served', { model, tokensPerSecond })
    }
    for (const { model } of said.filter((other) => !offers.some((offer) => offer.model === other.model))) {
      view.notice('info', 'model_withdrawn', { model })
    }
  }

  #show(): void {
    const { options, view } = this.#work
    view.update({ models: options.models.map((model) => this.#viewOf(model)) })
  }

  #viewOf(model: string): ServedModelView {
    const served = this.#served.get(model)
    const report = served?.report
    if (!this.#isOffering) {
      return { model, state: 'withdrawn', report, errorCode: undefined }
    }
    const state = report !== undefined ? 'serving' : served === undefined ? 'loading' : 'unavailable'
    return { model, state, report, errorCode: served?.errorCode }
  }
}

function offerOf(report: InferenceReport | undefined): ServiceOffer[] {
  if (report === undefined) {
    return []
  }
  const speed = Math.min(MOST_TOKENS_PER_SECOND, Math.max(1, Math.round(report.tokensPerSecond)))
  return [{ model: report.model, numericClass: report.numericClass, tokensPerSecond: speed }]
}

function isLike(offer: ServiceOffer, other: ServiceOffer): boolean {
  const difference = Math.abs(offer.tokensPerSecond - other.tokensPerSecond)
  return (
    offer.model === other.model &&
    offer.numericClass === other.numericClass &&
    difference <= SPEED_TOLERANCE * other.tokensPerSecond
  )
}
