import type { ReactNode } from 'react'
import { useState } from 'react'
import { MAX_PASSPHRASE_CHARACTERS, MIN_PASSPHRASE_CHARACTERS } from '../../../ipc/wires/wallet-wire.ts'
import { Field } from '../flow/flow-frame.tsx'
import { passphraseStrength } from './passphrase-strength.ts'

interface PassphraseFieldProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly hint?: ReactNode
  readonly fault?: string | undefined
}

/** One passphrase, hidden until the person wants to see it. */
export function PassphraseField({ label, value, onChange, hint, fault }: PassphraseFieldProps): ReactNode {
  const [isShown, setShown] = useState(false)
  return (
    <Field label={label} hint={hint} fault={fault}>
      {({ id, describedBy }) => (
        <span className="field-row">
          <input
            id={id}
            className="input"
            type={isShown ? 'text' : 'password'}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={MAX_PASSPHRASE_CHARACTERS}
            aria-describedby={describedBy}
            aria-invalid={fault !== undefined}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
          <button
            type="button"
            className="button button-small field-show"
            aria-pressed={isShown}
            onClick={() => setShown(!isShown)}
          >
            {isShown ? 'Hide' : 'Show'}
            <span className="only-for-readers"> {label}</span>
          </button>
        </span>
      )}
    </Field>
  )
}

export interface NewPassphrase {
  readonly value: string
  readonly repeat: string
}

export const NO_PASSPHRASE: NewPassphrase = { value: '', repeat: '' }

/** Why it cannot be taken yet; undefined where it can. */
export function newPassphraseFault({ value, repeat }: NewPassphrase): string | undefined {
  if ([...value].length < MIN_PASSPHRASE_CHARACTERS) {
    return `The passphrase needs at least ${MIN_PASSPHRASE_CHARACTERS} characters.`
  }
  return value === repeat ? undefined : 'The two passphrases differ. Type the second one again.'
}

interface NewPassphraseFieldsProps {
  readonly value: NewPassphrase
  readonly onChange: (value: NewPassphrase) => void
}

/** A new one twice, with how strong it is in words. */
export function NewPassphraseFields({ value, onChange }: NewPassphraseFieldsProps): ReactNode {
  const { level, words } = passphraseStrength(value.value)
  return (
    <>
      <PassphraseField
        label="New passphrase"
        value={value.value}
        onChange={(next) => onChange({ ...value, value: next })}
        hint={
          <span className="strength" data-level={level} data-testid="strength">
            <span className="strength-bar" aria-hidden="true" />
            <span aria-live="polite">{words}</span>
          </span>
        }
      />
      <PassphraseField
        label="The same again"
        value={value.repeat}
        onChange={(repeat) => onChange({ ...value, repeat })}
        fault={
          value.repeat.length >= value.value.length && value.repeat !== value.value ? 'The two differ.' : undefined
        }
      />
    </>
  )
}
