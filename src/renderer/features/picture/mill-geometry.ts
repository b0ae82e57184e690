/**
 * Where things are in the picture of the mill: a headrace from the left, a sluice gate, a breastshot wheel, a tailrace to
 * the right. One coordinate system for all of it, 1200 × 420, y down.
 */
export const WIDTH = 1200
export const HEIGHT = 420
export const WHEEL = { x: 790, y: 270, radius: 118, rim: 84, buckets: 16, spokes: 8 } as const
export const GATE_X = 632
/** Lowest and highest level of the headrace. */
export const POND_LOW_Y = 300
export const POND_HIGH_Y = 252
export const BED_Y = 312
export const TAIL_Y = 368
export const FLOOR_Y = 402
export const LANES = 6
export const RUNOFF_LANES = 3
/** Where finds leave the wheel, and where they leave the picture. */
export const FIND_FROM_X = WHEEL.x + 34
export const FIND_TO_X = WIDTH + 20
export const CHECKPOINTS: readonly number[] = [980, 1_076]

/** Radius of the apron in which the wheel turns, and of the water's inner edge in it. */
const APRON = WHEEL.radius + 12
const INNER = TAIL_Y - WHEEL.y

/** The bank that carries the headrace and curves round the wheel down to the floor. */
export function bankPath(): string {
  const edgeX = WHEEL.x - heightToWidth(APRON, BED_Y - WHEEL.y)
  return `M -60 ${BED_Y} H ${edgeX} A ${APRON} ${APRON} 0 0 0 ${WHEEL.x} ${WHEEL.y + APRON} V ${HEIGHT + 10} H -60 Z`
}

/** Water between the gate and the tailrace, in the apron. */
export function sheetPath(): string {
  const edgeX = WHEEL.x - heightToWidth(APRON, BED_Y - WHEEL.y)
  const innerX = WHEEL.x - heightToWidth(INNER, 22)
  return [
    `M ${GATE_X} 274 H ${innerX - 24}`,
    `C ${innerX - 8} 274 ${innerX - 2} 280 ${innerX} ${WHEEL.y + 22}`,
    `A ${INNER} ${INNER} 0 0 0 ${WHEEL.x} ${TAIL_Y}`,
    `V ${WHEEL.y + APRON}`,
    `A ${APRON} ${APRON} 0 0 1 ${edgeX} ${BED_Y}`,
    `H ${GATE_X} Z`,
  ].join(' ')
}

/** The tailrace, from the apron to the right edge. */
export function tailPath(): string {
  const startX = WHEEL.x - heightToWidth(APRON, TAIL_Y - WHEEL.y)
  return `M ${startX} ${TAIL_Y} A ${APRON} ${APRON} 0 0 0 ${WHEEL.x} ${WHEEL.y + APRON} V ${FLOOR_Y} H ${WIDTH + 60} V ${TAIL_Y} Z`
}

/** One streamline: along the headrace, round the wheel's lower left quarter, out along the tailrace. */
export function lanePath(lane: number): string {
  const share = lane / (LANES - 1)
  const radius = INNER + 4 + share * 22
  const startY = 281 + share * 25
  const startX = WHEEL.x - heightToWidth(radius, 26)
  return [
    `M -60 ${startY} H ${startX - 30}`,
    `C ${startX - 10} ${startY} ${startX - 3} ${startY} ${startX} ${WHEEL.y + 26}`,
    `A ${radius} ${radius} 0 0 0 ${WHEEL.x} ${WHEEL.y + radius}`,
    `H ${WIDTH + 60}`,
  ].join(' ')
}

/** What still runs off when the gate is closed. */
export function runoffPath(lane: number): string {
  return `M ${WHEEL.x} ${TAIL_Y + 8 + lane * 10} H ${WIDTH + 60}`
}

/** A dash pattern of its own for each lane, so that the streaks never march in step. */
export function laneDashes(lane: number): string {
  const patterns = ['18 96 52 150', '64 130 14 118', '30 170 22 92', '12 84 70 160', '40 140 16 110', '24 118 44 176']
  return patterns[lane % patterns.length] ?? '30 90'
}

/** Half of the chord of a circle at `height` below its centre. */
function heightToWidth(radius: number, height: number): number {
  return Math.round(Math.sqrt(radius * radius - height * height) * 10) / 10
}

/** Surface of the headrace when it is filled to `level`, 0 to 1. */
export function pondSurfaceY(level: number): number {
  return POND_LOW_Y - (POND_LOW_Y - POND_HIGH_Y) * Math.min(1, Math.max(0, level))
}
