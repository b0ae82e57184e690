/** The life of a process in a test: it can die at any step of what it does to the world, and is silent from then on. */
import type { WorkPeersPort } from '../../../src/host/work/ports.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import type { AbortSignalLike, Clock } from '../../../src/lib/runtime.ts'
import type { OrderStream } from '../../../src/protocol/work/streams.ts'

/** Dies at the step with this number: before or after the step has had its effect. */
export interface Death {
  readonly step: number
  readonly when: 'before' | 'after'
}

/** One life of a process: it counts steps, and from its death on nothing that it calls answers any more. */
export class Life {
  readonly steps: string[] = []
  readonly #death: Death | undefined
  readonly #onDeath: () => void
  #isOver = false

  constructor(death: Death | undefined, onDeath: () => void) {
    this.#death = death
    this.#onDeath = onDeath
  }

  get isOver(): boolean {
    return this.#isOver
  }

  end(): void {
    if (!this.#isOver) {
      this.#isOver = true
      this.#onDeath()
    }
  }

  clock(clock: Clock): Clock {
    return {
      nowMs: () => clock.nowMs(),
      sleep: (delayMs: number, signal?: AbortSignalLike) =>
        clock.sleep(delayMs, signal).then(() => (this.#isOver ? never() : undefined)),
    }
  }

  /** The same object, whose methods named in `steps` are steps, and all of whose methods are silent after the death. */
  wrap<T extends object>(target: T, steps: readonly string[]): T {
    return new Proxy(target, {
      get: (object, name) => {
        const value = Reflect.get(object, name) as unknown
        if (typeof value !== 'function') {
          return value
        }
        const call = (...args: readonly unknown[]): unknown => Reflect.apply(value, object, args.map(this.#silence))
        return steps.includes(String(name))
          ? (...args: readonly unknown[]) => this.#step(String(name), () => call(...args))
          : (...args: readonly unknown[]) => this.#unlessOver(() => call(...args))
      },
    })
  }

  keys<T extends object>(keys: T): T {
    return new Proxy(keys, {
      get: (object, name) => {
        const value = Reflect.get(object, name) as (...args: readonly unknown[]) => unknown
        return (...args: readonly unknown[]) => {
          this.#count(String(name), 'before')
          if (this.#isOver) {
            throw new CodedError('process_died', 'nothing is signed any more')
          }
          const signed = Reflect.apply(value, object, args)
          this.#count(String(name), 'after')
          if (this.#isOver) {
            throw new CodedError('process_died', 'nothing is signed any more')
          }
          return signed
        }
      },
    })
  }

  peers(peers: WorkPeersPort): WorkPeersPort {
    const wrapped = this.wrap(peers, ['pushOpenings', 'publishBatch'])
    return new Proxy(wrapped, {
      get: (object, name) =>
        name === 'onOrder'
          ? (handler: (stream: OrderStream) => Promise<void>) =>
              peers.onOrder((stream) => handler(this.wrap(stream, ['send'])))
          : Reflect.get(object, name),
    })
  }

  /** Listeners of a dead process hear nothing. */
  readonly #silence = (argument: unknown): unknown =>
    typeof argument === 'function'
      ? (...args: readonly unknown[]) => (this.#isOver ? undefined : Reflect.apply(argument, undefined, args))
      : argument

  #unlessOver(call: () => unknown): unknown {
    if (this.#isOver) {
      return never()
    }
    const answer = call()
    return answer instanceof Promise
      ? answer.then(
          (value) => (this.#isOver ? never() : value),
          (error) => (this.#isOver ? never() : Promise.reject(error)),
        )
      : answer
  }

  async #step(name: string, call: () => unknown): Promise<unknown> {
    this.#count(name, 'before')
    if (this.#isOver) {
      return never()
    }
    const place = this.steps.length
    try {
      return await call()
    } finally {
      if (this.#death?.step === place && this.#death.when === 'after') {
        this.end()
      }
      if (this.#isOver) {
        await never()
      }
    }
  }

  #count(name: string, when: Death['when']): void {
    if (when === 'before' && !this.#isOver) {
      this.steps.push(name)
    }
    if (this.#death?.step === this.steps.length && this.#death.when === when) {
      this.end()
    }
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined)
}
