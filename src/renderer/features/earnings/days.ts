/** `22 Nov`, by the person's calendar. */
export function formatDay(atMs: number): string {
  return new Date(atMs).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })
}

/** `Sunday, 22 November`. */
export function formatLongDay(atMs: number): string {
  return new Date(atMs).toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric', month: 'long' })
}

/** `14:03`. */
export function formatHour(atMs: number): string {
  return new Date(atMs).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
}

/** How long until something, in words that do not count down: `in 3 h`, `in 12 min`, `in under a minute`. */
export function formatUntil(durationMs: number): string {
  const minutes = Math.round(durationMs / 60_000)
  if (minutes < 1) {
    return 'in under a minute'
  }
  if (minutes < 120) {
    return `in ${minutes} min`
  }
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `in ${hours} h` : `in ${Math.round(hours / 24)} days`
}
