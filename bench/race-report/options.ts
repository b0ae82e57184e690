import { CodedError } from '../../src/lib/coded-error.ts'
import type { MeasureOptions } from '../race-page/measurement.ts'

/** As a person asks for it: about two minutes on a software adapter. */
export const FULL_OPTIONS: MeasureOptions = {
  shapes: ['dev', 'std'],
  rounds: 5,
  raceMs: 2_000,
  otherMs: 200,
  peakScreenMs: 20,
  peakPassMs: 200,
  starts: 3,
  stops: 11,
  checkedFinds: 100,
  checkMs: 15_000,
}

/** Beside the other benchmarks: the same with fewer samples. */
export const SHORT_OPTIONS: MeasureOptions = { ...FULL_OPTIONS, rounds: 3, raceMs: 1_000, stops: 3, checkMs: 2_000 }

/** Of the command line: `--short`, `--shape dev|std`. @throws CodedError `invalid_argument`. */
export function optionsOf(args: readonly string[]): MeasureOptions {
  const base = args.includes('--short') ? SHORT_OPTIONS : FULL_OPTIONS
  if (!args.includes('--shape')) return base
  const shape = args[args.indexOf('--shape') + 1]
  if (shape !== 'dev' && shape !== 'std') {
    throw new CodedError('invalid_argument', '--shape is dev or std')
  }
  return { ...base, shapes: [shape] }
}
