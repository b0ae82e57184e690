import type { FormEvent, ReactNode } from 'react'
import { useEffect, useId, useRef } from 'react'
import '../work/leave.css'
import './flow.css'

interface FlowFrameProps {
  readonly title: string
  /** Names of the steps; none for a flow of one step. */
  readonly steps?: readonly string[]
  /** Index of the present one. */
  readonly step?: number
  readonly onClose: () => void
  readonly closeName?: string
  readonly testId: string
  readonly children: ReactNode
}

/** The panel of one flow. The focus goes to its title at each step, so that a screen reader tells where one is; Escape leaves. */
export function FlowFrame(props: FlowFrameProps): ReactNode {
  const { title, steps = [], step = 0, onClose, closeName = 'Cancel', testId, children } = props
  const id = useId()
  const head = useRef<HTMLHeadingElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: at each step, not at each draw.
  useEffect(() => {
    head.current?.focus({ preventScroll: true })
    head.current?.scrollIntoView({ block: 'nearest' })
  }, [step])
  return (
    <section
      className="panel flow"
      aria-labelledby={id}
      data-testid={testId}
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <div className="flow-head">
        <h2 id={id} ref={head} tabIndex={-1} className="panel-title flow-title">
          {title}
          {steps.length > 0 && (
            <span className="only-for-readers">
              , step {step + 1} of {steps.length}: {steps[step]}
            </span>
          )}
        </h2>
        <button type="button" className="button button-small button-quiet" data-testid="flow-close" onClick={onClose}>
          {closeName}
        </button>
      </div>
      {steps.length > 0 && (
        <ol className="flow-steps" aria-hidden="true">
          {steps.map((name, index) => (
            <li key={name} data-state={index < step ? 'done' : index === step ? 'now' : 'later'}>
              <span>{name}</span>
            </li>
          ))}
        </ol>
      )}
      {children}
    </section>
  )
}

interface FlowFormProps {
  readonly onSubmit: () => void
  readonly children: ReactNode
}

/** Enter in a field does what the main button does. */
export function FlowForm({ onSubmit, children }: FlowFormProps): ReactNode {
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSubmit()
  }
  return (
    <form className="flow-form" autoComplete="off" noValidate onSubmit={submit}>
      {children}
    </form>
  )
}

/** Says what went wrong, once it did. */
export function FlowFault({ text }: { readonly text: string | undefined }): ReactNode {
  return (
    <div role="alert" data-testid="flow-fault">
      {text !== undefined && text !== '' && <p className="flow-fault">{text}</p>}
    </div>
  )
}

interface FieldProps {
  readonly label: string
  readonly hint?: ReactNode
  readonly fault?: string | undefined
  readonly children: (ids: { readonly id: string; readonly describedBy: string }) => ReactNode
}

/** A label over a field, with what helps or is wrong below it. */
export function Field({ label, hint, fault, children }: FieldProps): ReactNode {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id} className="field-label">
        {label}
      </label>
      {children({ id, describedBy: `${id}-hint` })}
      <p id={`${id}-hint`} className={fault === undefined ? 'field-hint' : 'field-hint field-fault'}>
        {fault ?? hint}
      </p>
    </div>
  )
}

interface TextFieldProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly maxLength: number
  readonly hint?: ReactNode
  readonly fault?: string | undefined
  readonly kind?: 'text' | 'address' | 'amount'
}

const INPUT_CLASSES = { text: 'input', address: 'input mono', amount: 'input number' } as const

/** One line of text. No browser completes, corrects or remembers it. */
export function TextField({
  label,
  value,
  onChange,
  maxLength,
  hint,
  fault,
  kind = 'text',
}: TextFieldProps): ReactNode {
  return (
    <Field label={label} hint={hint} fault={fault}>
      {({ id, describedBy }) => (
        <input
          id={id}
          className={INPUT_CLASSES[kind]}
          type="text"
          inputMode={kind === 'amount' ? 'decimal' : 'text'}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={maxLength}
          aria-describedby={describedBy}
          aria-invalid={fault !== undefined}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}
