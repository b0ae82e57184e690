/** Text in columns, amounts and times as the terminal shows them. */
const UTAIL_DIGITS = 6

/** Rows under their heads, columns as wide as their widest cell; numbers (`>` before the head) to the right. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const names = heads.map((head) => head.replace(/^>/, ''))
  const widths = names.map((name, column) => Math.max(...[name, ...rows.map((row) => row[column] ?? '')].map(width)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const space = ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell)))
        return heads[column]?.startsWith('>') === true ? space + cell : cell + space
      })
      .join('  ')
      .trimEnd()
  return [names, ...rows].map(line).join('\n')
}

/** `Label   value` lines; labels as wide as the widest. */
export function pairs(rows: readonly (readonly [label: string, value: string])[]): string {
  const widest = Math.max(0, ...rows.map(([label]) => width(label)))
  return rows.map(([label, value]) => `${label.padEnd(widest)}  ${value}`.trimEnd()).join('\n')
}

/** utail as TAIL with all six digits: `49.600000 TAIL`. */
export function tail(utail: string | bigint): string {
  const text = utail.toString()
  const digits = text.replace('-', '').padStart(UTAIL_DIGITS + 1, '0')
  const sign = text.startsWith('-') ? '-' : ''
  return `${sign}${digits.slice(0, -UTAIL_DIGITS)}.${digits.slice(-UTAIL_DIGITS)} TAIL`
}

export function percent(ppm: number): string {
  return `${(ppm / 10_000).toFixed(2)} %`
}

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, count)) / 3)))
  return `${(count / 1_000 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`
}

/** `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) {
    return `${whole} s`
  }
  const minutes = Math.floor(whole / 60)
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

export function rate(perSecond: number): string {
  return perSecond >= 100 ? String(Math.round(perSecond)) : perSecond.toPrecision(3)
}

/** Local date and time to the second. */
export function dateTime(atMs: number): string {
  return new Date(atMs - new Date(atMs).getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replace('T', ' ')
}

/** `tail1q9v2…ufg7h`. */
export function shortAddress(address: string): string {
  return address.length <= 16 ? address : `${address.slice(0, 10)}…${address.slice(-5)}`
}

/** Characters on the screen, as far as one each. */
function width(text: string): number {
  return [...text].length
}
