import type { ReactNode } from 'react'

export interface PlaygroundValues {
  readonly temperature: number
  readonly maxTokens: number
  readonly withEarlierTurns: boolean
}

const MOST_TOKENS = 4_096

interface PlaygroundSettingsProps {
  readonly settings: PlaygroundValues
  readonly onChange: (settings: PlaygroundValues) => void
}

export function PlaygroundSettings({ settings, onChange }: PlaygroundSettingsProps): ReactNode {
  return (
    <div className="playground-settings">
      <label className="setting">
        <span>Temperature</span>
        <input
          type="range"
          min={0}
          max={2}
          step={0.1}
          value={settings.temperature}
          onChange={(event) => onChange({ ...settings, temperature: Number(event.target.value) })}
        />
        <output className="number">{settings.temperature.toFixed(1)}</output>
      </label>
      <label className="setting">
        <span>Max tokens</span>
        <input
          type="number"
          className="number"
          inputMode="numeric"
          min={1}
          max={MOST_TOKENS}
          value={settings.maxTokens}
          onChange={(event) => onChange({ ...settings, maxTokens: tokensOf(event.target.value) })}
        />
      </label>
      <label className="setting setting-check">
        <input
          type="checkbox"
          checked={settings.withEarlierTurns}
          onChange={(event) => onChange({ ...settings, withEarlierTurns: event.target.checked })}
        />
        <span>With the turns before</span>
      </label>
    </div>
  )
}

function tokensOf(text: string): number {
  const tokens = Math.trunc(Number(text))
  return Number.isFinite(tokens) ? Math.min(MOST_TOKENS, Math.max(1, tokens)) : 1
}
