import { FIND_FROM_X, FIND_TO_X, WHEEL } from './mill-geometry.ts'
import type { MillState } from './mill-state.ts'

const FRAMES_PER_SECOND = 10
/** Pixels of the picture and degrees of the wheel per frame at full flow. */
const STREAM_STEP = 30
const WHEEL_STEP = 7
const MAX_SPARKS = 18
const SVG = 'http://www.w3.org/2000/svg'

interface Spark {
  readonly node: SVGGElement
  x: number
  readonly lane: number
}

/** Moves the streaks, the wheel and the sparks of one picture by setting attributes, ten times a second at most. */
export class MillMotion {
  readonly #lanes: readonly SVGElement[]
  readonly #wheel: SVGElement | null
  readonly #sparkLayer: SVGElement | null
  readonly #stillness = matchMedia('(prefers-reduced-motion: reduce)')
  #sparks: Spark[] = []
  #state: MillState | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  #travelled = 0
  #angle = 0
  #waiting = 0
  #frame = 0

  constructor(picture: SVGSVGElement) {
    this.#lanes = [...picture.querySelectorAll<SVGElement>('[data-part="lanes"] > path')]
    this.#wheel = picture.querySelector('[data-part="wheel"]')
    this.#sparkLayer = picture.querySelector('[data-part="finds"]')
    document.addEventListener('visibilitychange', this.#update)
    this.#stillness.addEventListener('change', this.#update)
  }

  show(state: MillState): void {
    const before = this.#state
    this.#state = state
    const isNewFind =
      before !== undefined && state.gate === 'open' && before.gate === 'open' && state.finds > before.finds
    this.#waiting = Math.min(MAX_SPARKS, this.#waiting + (isNewFind ? state.finds - before.finds : 0))
    this.#update()
    if (this.#isStill()) {
      this.#drawStill(state)
    }
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    document.removeEventListener('visibilitychange', this.#update)
    this.#stillness.removeEventListener('change', this.#update)
    this.#clearSparks()
  }

  #isStill(): boolean {
    return this.#stillness.matches
  }

  readonly #update = (): void => {
    const hasMotion = (this.#state?.flow ?? 0) > 0 || this.#sparks.length > 0
    const runs = hasMotion && !document.hidden && !this.#isStill()
    if (runs && this.#timer === undefined) {
      this.#timer = setInterval(() => this.#step(), 1_000 / FRAMES_PER_SECOND)
    } else if (!runs && this.#timer !== undefined) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  #step(): void {
    const state = this.#state
    if (state === undefined) {
      return
    }
    this.#frame++
    this.#travelled += STREAM_STEP * (0.25 + 0.75 * state.flow)
    for (const [index, lane] of this.#lanes.entries()) {
      lane.setAttribute('stroke-dashoffset', String(-Math.round(this.#travelled * (0.88 + 0.05 * index))))
    }
    if (state.gate !== 'closed') {
      this.#angle = (this.#angle - WHEEL_STEP * state.flow) % 360
      this.#wheel?.setAttribute('transform', `rotate(${this.#angle.toFixed(1)} ${WHEEL.x} ${WHEEL.y})`)
    }
    this.#spawn(state)
    this.#moveSparks(state)
    this.#update()
  }

  /** New finds leave the wheel as they come; finds under check and earnings drift by in a loose row. */
  #spawn(state: MillState): void {
    const drifts = (state.isVerifying || state.isEarning) && state.finds > 0
    const isDue = state.gate === 'open' ? this.#waiting > 0 : drifts && this.#frame % 12 === 0
    if (!isDue || this.#sparks.length >= MAX_SPARKS) {
      return
    }
    this.#waiting = Math.max(0, this.#waiting - 1)
    this.#addSpark(0)
  }

  #moveSparks(state: MillState): void {
    const step = state.gate === 'open' ? 20 : 8
    for (const spark of this.#sparks) {
      spark.x += step
      this.#place(spark)
    }
    const gone = this.#sparks.filter((spark) => FIND_FROM_X + spark.x > FIND_TO_X)
    for (const spark of gone) {
      spark.node.remove()
    }
    this.#sparks = this.#sparks.filter((spark) => !gone.includes(spark))
  }

  #addSpark(x: number): void {
    const node = document.createElementNS(SVG, 'g')
    for (const [name, radius] of [
      ['mill-find-glow', '11'],
      ['mill-find', '4.5'],
    ] as const) {
      const circle = document.createElementNS(SVG, 'circle')
      circle.setAttribute('class', name)
      circle.setAttribute('r', radius)
      node.append(circle)
    }
    const spark: Spark = { node, x, lane: this.#sparks.length % 3 }
    this.#sparkLayer?.append(node)
    this.#sparks.push(spark)
    this.#place(spark)
  }

  #place(spark: Spark): void {
    const bob = 3 * Math.sin(spark.x / 22 + spark.lane * 2)
    spark.node.setAttribute('transform', `translate(${spark.x.toFixed(1)} ${(bob + 5 * spark.lane - 4).toFixed(1)})`)
  }

  /** Without motion, a row of sparks stands for the finds. */
  #drawStill(state: MillState): void {
    this.#clearSparks()
    const count = Math.min(8, state.finds)
    for (let index = 0; index < count; index++) {
      this.#addSpark(20 + index * 44)
    }
  }

  #clearSparks(): void {
    for (const spark of this.#sparks) {
      spark.node.remove()
    }
    this.#sparks = []
  }
}
