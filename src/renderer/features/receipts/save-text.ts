/** How long the address of a saved file is kept: browsers read it after the click. */
const KEPT_MS = 30_000

/** Offers a text as a file. By a blob address: the page's security policy allows no data: URLs. */
export function saveText(page: Document, name: string, text: string, type = 'application/json'): void {
  const address = URL.createObjectURL(new Blob([text], { type }))
  const link = page.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS)
}
