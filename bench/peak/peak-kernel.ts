import head from './peak.wgsl?raw'
import type { PeakShape } from './peak-shape.ts'
import { tileColumns, UNROLLED } from './peak-shape.ts'

/**
 * The WGSL of one shape. Its steps are written out here because only unrolled code keeps 64 accumulators in registers: an array that a
 * loop indexes lives in memory.
 *
 * A chain replaces accumulator a by a + dot4(a, b), or by a · b + c: each product has the result of the one before as its operand, so no
 * compiler can hoist, merge or drop one, and no instruction is spent on fresh operands. A tile adds x_row · b_column to each of its
 * accumulators and then changes every x by one instruction.
 */
export function peakKernel(shape: PeakShape): string {
  const variables = Array.from({ length: shape.accumulators / shape.lanes }, (_, index) => index)
  const body = shape.form === 'chain' ? chainBody(shape, variables) : tileBody(shape, variables)
  const results = variables.flatMap((index) => lanesOf(shape, `a_${index}`)).map((lane) => `i32(${lane})`)
  return [
    shape.kind === 'packed' ? 'requires packed_4x8_integer_dot_product;' : '',
    head,
    `@compute @workgroup_size(${shape.workgroup})`,
    'fn probe(@builtin(global_invocation_id) id: vec3<u32>) {',
    ...variables.map((index) => `  var a_${index} = ${startOf(shape, index)};`),
    ...body,
    `  sums[id.x] = ${results.join(' + ')};`,
    '}',
  ].join('\n')
}

const COMPONENTS = ['x', 'y', 'z', 'w'] as const

function chainBody(shape: PeakShape, variables: readonly number[]): string[] {
  const step = (a: string, operand: number): string => {
    if (!isDot(shape)) return `    ${a} = ${a} * b_${operand} + c_${operand};`
    const dots = lanesOf(shape, a).map((lane) => dot(shape, lane, `b_${operand}`))
    return `    ${a} += ${vectorOf(shape, dots)};`
  }
  const steps = count(UNROLLED).flatMap((operand) => variables.map((index) => step(`a_${index}`, operand)))
  return [...operandsOf(shape, UNROLLED), ...addendsOf(shape), ...loop(steps)]
}

function tileBody(shape: PeakShape, variables: readonly number[]): string[] {
  const columns = tileColumns(shape)
  const rows = count(shape.accumulators / columns)
  const scalar = scalarOf(shape)
  const step = (index: number): string => {
    const first = index * shape.lanes
    const row = `x_${Math.floor(first / columns)}`
    const products = count(shape.lanes).map((lane) => {
      const column = `b_${(first + lane) % columns}`
      return isDot(shape) ? dot(shape, row, column) : `${row} * ${column}`
    })
    return `    a_${index} += ${vectorOf(shape, products)};`
  }
  // The float alternates between two values and stays small; an integer may wrap.
  const change = (row: number, addend: number): string =>
    shape.kind === 'float' ? `    x_${row} = c_${addend} - x_${row};` : `    x_${row} += c_${addend};`
  const steps = count(UNROLLED).flatMap((turn) => [
    ...variables.map(step),
    ...rows.map((row) => change(row, shape.kind === 'float' ? 0 : turn)),
  ])
  return [
    ...operandsOf(shape, columns),
    ...addendsOf(shape),
    ...rows.map((row) => `  var x_${row} = ${scalar}(start(id.x, ${shape.accumulators + row}u));`),
    ...loop(steps),
  ]
}

function loop(steps: readonly string[]): string[] {
  return ['  for (var step = 0u; step < job.steps.x; step++) {', ...steps, '  }']
}

function count(length: number): number[] {
  return Array.from({ length }, (_, index) => index)
}

function isDot({ kind }: PeakShape): boolean {
  return kind === 'packed' || kind === 'by-hand'
}

function scalarOf({ kind }: PeakShape): 'f32' | 'i32' {
  return kind === 'float' ? 'f32' : 'i32'
}

function lanesOf({ lanes }: PeakShape, variable: string): readonly string[] {
  return lanes === 1 ? [variable] : COMPONENTS.slice(0, lanes).map((component) => `${variable}.${component}`)
}

function vectorOf(shape: PeakShape, values: readonly string[]): string {
  return shape.lanes === 1 ? values.join() : `vec${shape.lanes}<${scalarOf(shape)}>(${values.join(', ')})`
}

function dot({ kind }: PeakShape, a: string, b: string): string {
  return `${kind === 'packed' ? 'dot4I8Packed' : 'dot4_by_hand'}(bitcast<u32>(${a}), bitcast<u32>(${b}))`
}

function operandsOf(shape: PeakShape, length: number): string[] {
  const value = (index: number): string => `job.operands[${index >> 2}].${COMPONENTS[index & 3]}`
  return count(length).map((index) => `  let b_${index} = ${scalarOf(shape)}(${value(index)});`)
}

function addendsOf(shape: PeakShape): string[] {
  return COMPONENTS.map((component, index) => `  let c_${index} = ${scalarOf(shape)}(job.addends.${component});`)
}

function startOf(shape: PeakShape, variable: number): string {
  const lanes = count(shape.lanes).map((lane) => `start(id.x, ${variable * shape.lanes + lane}u)`)
  return vectorOf(
    shape,
    lanes.map((value) => `${scalarOf(shape)}(${value})`),
  )
}
