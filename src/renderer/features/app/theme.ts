/** The person's choice of colours, kept in localStorage; `system` follows the system. */
export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const STORAGE_KEY = 'tailrace.theme'

/** Told on the root element, so that every place where colours are chosen shows the same choice. */
export const THEME_CHANGED = 'themechange'

export function loadTheme(storage: Pick<Storage, 'getItem'>): Theme {
  const stored = storage.getItem(STORAGE_KEY)
  return THEMES.find((theme) => theme === stored) ?? 'system'
}

export function applyTheme(theme: Theme, root: HTMLElement, storage: Pick<Storage, 'setItem'>): void {
  if (theme === 'system') {
    root.removeAttribute('data-theme')
  } else {
    root.setAttribute('data-theme', theme)
  }
  storage.setItem(STORAGE_KEY, theme)
  root.dispatchEvent(new Event(THEME_CHANGED))
}
