/** Times of one core since the system started, milliseconds (node:os, cpus). */
export interface CoreTimes {
  readonly times: Readonly<Record<'user' | 'nice' | 'sys' | 'idle' | 'irq', number>>
}

export interface ProcessorLoad {
  /** Busy share of all cores since the sample before, parts per million; null at the first one and where nothing is told. */
  sample(): number | null
}

export function createProcessorLoad(read: () => readonly CoreTimes[]): ProcessorLoad {
  let before: { readonly busy: number; readonly all: number } | undefined
  return {
    sample() {
      const cores = read()
      const idle = sum(cores.map(({ times }) => times.idle))
      const all = sum(cores.map(({ times }) => sum(Object.values(times))))
      const last = before
      before = { busy: all - idle, all }
      if (last === undefined || all <= last.all) {
        return null
      }
      const share = (before.busy - last.busy) / (all - last.all)
      return Math.round(Math.min(1, Math.max(0, share)) * 1_000_000)
    },
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
