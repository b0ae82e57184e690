/** Where the screen window was, kept within what can be seen now: a monitor may be gone. Pure but for the file. */
import { z } from 'zod'
import { errorCode } from '../../../lib/coded-error.ts'
import type { Logger } from '../../../lib/runtime.ts'
import { readPrivateJson, writePrivateJson } from '../../private-file.ts'

export interface Bounds {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export const LEAST_SIZE = { width: 360, height: 480 } as const
const FIRST_SIZE = { width: 1_280, height: 860 } as const

const coordinate = z.number().int().min(-100_000).max(100_000)
const stateSchema = z.strictObject({
  version: z.literal(1),
  x: coordinate,
  y: coordinate,
  width: z.number().int().min(1).max(100_000),
  height: z.number().int().min(1).max(100_000),
  isMaximized: z.boolean(),
})
export interface WindowState {
  readonly bounds: Bounds
  readonly isMaximized: boolean
}

/** `areas`: work areas of the displays, the first one the main. */
export function fitToScreens(wanted: Bounds | undefined, areas: readonly Bounds[]): Bounds {
  const main = areas[0] ?? { x: 0, y: 0, ...FIRST_SIZE }
  const area = wanted === undefined ? main : (areas.find((candidate) => overlap(candidate, wanted) > 0) ?? main)
  const width = Math.min(Math.max(wanted?.width ?? FIRST_SIZE.width, LEAST_SIZE.width), area.width)
  const height = Math.min(Math.max(wanted?.height ?? FIRST_SIZE.height, LEAST_SIZE.height), area.height)
  if (wanted === undefined || overlap(area, wanted) === 0) {
    return { x: middle(area.x, area.width, width), y: middle(area.y, area.height, height), width, height }
  }
  return {
    x: within(wanted.x, area.x, area.x + area.width - width),
    y: within(wanted.y, area.y, area.y + area.height - height),
    width,
    height,
  }
}

export interface WindowStateFile {
  load(): WindowState | undefined
  save(state: WindowState): void
}

/** A damaged file is forgotten: nothing but a place on the screen is lost. */
export function createWindowStateFile(file: string, logger: Logger): WindowStateFile {
  return {
    load() {
      try {
        const stored = readPrivateJson(file, stateSchema)
        if (stored === undefined) {
          return undefined
        }
        const { x, y, width, height, isMaximized } = stored
        return { bounds: { x, y, width, height }, isMaximized }
      } catch (error) {
        logger.log('warn', 'window state not read', { code: errorCode(error) })
        return undefined
      }
    },
    save({ bounds, isMaximized }) {
      try {
        writePrivateJson(file, { version: 1, ...bounds, isMaximized })
      } catch (error) {
        logger.log('warn', 'window state not written', { code: errorCode(error) })
      }
    },
  }
}

function overlap(a: Bounds, b: Bounds): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y)
  return Math.max(0, width) * Math.max(0, height)
}

function middle(start: number, room: number, size: number): number {
  return Math.round(start + (room - size) / 2)
}

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), Math.max(least, most))
}
