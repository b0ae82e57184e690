import type { ReactNode } from 'react'

export interface Segment<Value extends string> {
  readonly value: Value
  readonly name: string
}

interface SegmentsProps<Value extends string> {
  /** For a screen reader. */
  readonly legend: string
  /** Of the radio group: unique on the page. */
  readonly group: string
  readonly segments: readonly Segment<Value>[]
  readonly value: Value
  readonly onChange: (value: Value) => void
}

/** One of a few, side by side; arrow keys move. */
export function Segments<Value extends string>({
  legend,
  group,
  segments,
  value,
  onChange,
}: SegmentsProps<Value>): ReactNode {
  return (
    <fieldset className="segments">
      <legend className="only-for-readers">{legend}</legend>
      {segments.map((segment) => (
        <label key={segment.value} className="segment">
          <input
            type="radio"
            name={group}
            className="only-for-readers"
            checked={segment.value === value}
            onChange={() => onChange(segment.value)}
          />
          {segment.name}
        </label>
      ))}
    </fieldset>
  )
}
