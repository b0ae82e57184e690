/**
 * Where things are in the picture of the mill: a headrace from the left, a sluice gate, a breastshot wheel, a tailrace to
 * the right. One coordinate system for all of it, 1200 × 420, y down.
 */
export const WIDTH = 1200
export const HEIGHT = 420
export const WHEEL = { x: 790, y: 270, radius: 118, blades: 16 } as const
export const GATE_X = 632
/** Lowest and highest level of the headrace. */
export const POND_LOW_Y = 300
export const POND_HIGH_Y = 252
export const BED_Y = 312
export const TAIL_Y = 368
export const FLOOR_Y = 402
export const LANES = 6
/** Where finds leave the wheel, and where they leave the picture. */
export const FIND_FROM_X = WHEEL.x + 34
export const FIND_TO_X = WIDTH + 20
export const CHECKPOINTS: readonly number[] = [980, 1_076]

/** One streamline: along the headrace, round the wheel's lower left quarter, out along the tailrace. */
export function lanePath(lane: number): string {
  const radius = WHEEL.radius - 26 + (lane / (LANES - 1)) * 34
  const startY = 270 + (lane / (LANES - 1)) * 34
  const left = WHEEL.x - radius
  const bottom = WHEEL.y + radius
  const endY = TAIL_Y + 8 + (lane / (LANES - 1)) * 20
  return [
    `M -60 ${startY}`,
    `H ${GATE_X + 4}`,
    `C ${left - 4} ${startY} ${left} ${startY + 2} ${left} ${Math.max(WHEEL.y, startY) + 12}`,
    `A ${radius} ${radius} 0 0 0 ${WHEEL.x} ${bottom}`,
    `C ${WHEEL.x + 70} ${bottom} ${WHEEL.x + 50} ${endY} ${WHEEL.x + 120} ${endY}`,
    `H ${WIDTH + 60}`,
  ].join(' ')
}

/** A dash pattern of its own for each lane, so that the streaks never march in step. */
export function laneDashes(lane: number): string {
  const patterns = ['34 70 18 96', '22 60 44 118', '50 88 20 64', '26 104 38 72', '44 76 16 112', '30 92 52 80']
  return patterns[lane % patterns.length] ?? '30 90'
}

/** Surface of the headrace when it is filled to `level`, 0 to 1. */
export function pondSurfaceY(level: number): number {
  return POND_LOW_Y - (POND_LOW_Y - POND_HIGH_Y) * Math.min(1, Math.max(0, level))
}
