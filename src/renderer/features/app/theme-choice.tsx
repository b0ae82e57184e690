import type { ReactNode } from 'react'
import { useEffect, useId, useState } from 'react'
import type { Theme } from './theme.ts'
import { applyTheme, loadTheme, THEME_CHANGED, THEMES } from './theme.ts'

const NAMES: Readonly<Record<Theme, string>> = { system: 'System', light: 'Light', dark: 'Dark' }

const ICONS: Readonly<Record<Theme, string>> = {
  system: 'M2.5 3.5h11v7h-11z M6 13h4 M8 10.5V13',
  light:
    'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6z M8 1v1.6 M8 13.4V15 M1 8h1.6 M13.4 8H15 M3 3l1.1 1.1 M11.9 11.9 13 13 M3 13l1.1-1.1 M11.9 4.1 13 3',
  dark: 'M13.2 9.8A5.8 5.8 0 0 1 6.2 2.8a5.8 5.8 0 1 0 7 7z',
}

export function ThemeChoice(): ReactNode {
  const [theme, setTheme] = useState<Theme>(() => loadTheme(localStorage))
  const group = useId()
  useEffect(() => {
    const follow = () => setTheme(loadTheme(localStorage))
    document.documentElement.addEventListener(THEME_CHANGED, follow)
    return () => document.documentElement.removeEventListener(THEME_CHANGED, follow)
  }, [])
  const choose = (next: Theme) => applyTheme(next, document.documentElement, localStorage)
  return (
    <fieldset className="themes">
      <legend className="only-for-readers">Colours</legend>
      {THEMES.map((name) => (
        <label key={name} className="theme" title={NAMES[name]}>
          <input
            type="radio"
            name={group}
            className="only-for-readers"
            checked={theme === name}
            onChange={() => choose(name)}
          />
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path
              d={ICONS[name]}
              fill="none"
              stroke="currentColor"
              strokeWidth="1.4"
              strokeLinecap="round"
              strokeLinejoin="round"
            />
          </svg>
          <span className="only-for-readers">{NAMES[name]}</span>
        </label>
      ))}
    </fieldset>
  )
}
